// Accepts files dropped anywhere on the page.

const PHOTO = /\.(jpe?g|mpo|png|webp|gif|avif|hei[cf])$/i;

export const isPhoto = (file) => file.type.startsWith("image/") || PHOTO.test(file.name);

export function acceptDrops(take) {
  let depth = 0; // dragenter and dragleave also fire for child elements
  const mark = (event, change) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    depth += change;
    document.body.classList.toggle("dropping", depth > 0);
  };
  document.addEventListener("dragenter", (event) => mark(event, 1));
  document.addEventListener("dragleave", (event) => mark(event, -1));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    document.body.classList.remove("dropping");
    const [file] = event.dataTransfer.files;
    if (file) take(file);
  });
}

// A file input; the same file can be chosen again.
export function acceptChoices(input, take) {
  input.addEventListener("change", () => {
    const [file] = input.files;
    input.value = "";
    if (file) take(file);
  });
}
