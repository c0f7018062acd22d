// Draws a skeleton on a canvas over an image.

const FACE_END = 11; // landmarks 0 to 10 are on the face
const SEEN = 0.3; // less visible landmarks are guesses

// Pairs of landmarks as MediaPipe Pose numbers them: trunk, arms with hands, legs with feet.
export const BODY = [
  [11, 12], [11, 23], [12, 24], [23, 24],
  [11, 13], [13, 15], [15, 17], [15, 19], [15, 21], [17, 19],
  [12, 14], [14, 16], [16, 18], [16, 20], [16, 22], [18, 20],
  [23, 25], [25, 27], [27, 29], [27, 31], [29, 31],
  [24, 26], [26, 28], [28, 30], [28, 32], [30, 32],
];

const LEFT = "#ffb454";
const RIGHT = "#53c7ff";
const MIDDLE = "#ffffff";
const EDGE = "rgba(15, 10, 30, 0.7)";

// points: [x, y, visibility] per landmark, as fractions of the image; connections: pairs of indices.
export function drawSkeleton(canvas, points, connections = BODY) {
  const context = canvas.getContext("2d");
  const { width, height } = canvas;
  context.clearRect(0, 0, width, height);
  if (!points) return;
  const thick = Math.max(2, Math.hypot(width, height) / 150);
  const seen = (index) => points[index][2] >= SEEN;
  const lines = connections.filter(([a, b]) => a >= FACE_END && b >= FACE_END && seen(a) && seen(b));
  context.lineCap = "round";
  for (const [edge, extra] of [[true, thick * 0.8], [false, 0]]) {
    for (const [a, b] of lines) {
      context.strokeStyle = edge ? EDGE : side(a, b);
      context.lineWidth = thick + extra;
      context.beginPath();
      context.moveTo(points[a][0] * width, points[a][1] * height);
      context.lineTo(points[b][0] * width, points[b][1] * height);
      context.stroke();
    }
  }
  const joints = new Set(lines.flat());
  joints.add(0); // the nose marks the head
  for (const index of joints) {
    if (!seen(index)) continue;
    context.beginPath();
    context.arc(points[index][0] * width, points[index][1] * height, thick * 0.85, 0, 2 * Math.PI);
    context.fillStyle = MIDDLE;
    context.fill();
    context.strokeStyle = EDGE;
    context.lineWidth = thick * 0.35;
    context.stroke();
  }
}

// Landmarks on the left of the body have odd numbers, those on the right even ones.
function side(a, b) {
  if (a % 2 !== b % 2) return MIDDLE;
  return a % 2 ? LEFT : RIGHT;
}
