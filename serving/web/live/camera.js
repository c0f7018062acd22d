// Plays the camera or the demo performance in a video element.

import { DEMO_PERFORMANCE } from "../shared/api.js";

// Why there is no camera image, in words for the user.
export class CameraProblem extends Error {
  constructor(title, detail) {
    super(detail);
    this.title = title;
  }
}

const IDEAL = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };

export class Camera {
  #video;
  #stream = null;
  #onLost;

  // onLost: called when the camera is disconnected or switched off.
  constructor(video, onLost) {
    this.#video = video;
    this.#onLost = onLost;
  }

  // Opens a camera by its device ID; without one, the browser chooses.
  async open(deviceId = "") {
    this.close();
    if (!window.isSecureContext || !navigator.mediaDevices?.getUserMedia) {
      throw new CameraProblem(
        "The browser blocks the camera here",
        "Browsers allow the camera only over https or at http://localhost. Open the page at such an address, or try the demo performance.",
      );
    }
    const wanted = deviceId ? { ...IDEAL, deviceId: { exact: deviceId } } : { ...IDEAL, facingMode: "user" };
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    } catch (error) {
      throw problemOf(error);
    }
    this.#stream = stream;
    const [track] = stream.getVideoTracks();
    track.addEventListener("ended", () => {
      if (this.#stream === stream) this.#onLost();
    });
    this.#video.srcObject = stream;
    await this.#video.play();
    return track.getSettings();
  }

  async openDemo() {
    this.close();
    this.#video.src = DEMO_PERFORMANCE;
    this.#video.loop = true;
    try {
      await this.#video.play();
    } catch {
      throw new CameraProblem("The demo cannot be played", "The demo performance is not installed, or the service cannot be reached.");
    }
  }

  close() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.#video.pause();
    this.#video.srcObject = null;
    this.#video.removeAttribute("src");
    this.#video.load();
  }
}

// { id, name } of every camera; browsers tell the names only after access was allowed.
export async function cameras() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return devices
    .filter((device) => device.kind === "videoinput" && device.deviceId)
    .map((device, index) => ({ id: device.deviceId, name: device.label || `Camera ${index + 1}` }));
}

function problemOf(error) {
  switch (error.name) {
    case "NotAllowedError":
      return new CameraProblem(
        "The camera was not allowed",
        "Allow it for this page, usually with the icon next to the address, then start the camera again.",
      );
    case "NotFoundError":
      return new CameraProblem("No camera was found", "Plug one in or switch it on, then start it again. The demo performance needs no camera.");
    case "OverconstrainedError":
      return new CameraProblem("This camera is no longer available", "Choose another one, or start again.");
    case "NotReadableError":
    case "AbortError":
      return new CameraProblem(
        "The camera does not respond",
        "Another program may be using it. Close that program, then start it again.",
      );
    default:
      return new CameraProblem("The camera cannot be opened", `${error.message || error.name}. Start it again, or try the demo performance.`);
  }
}
