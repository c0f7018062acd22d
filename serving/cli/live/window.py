"""Optional window for ``straps-serve live``: the frame with skeleton, pose and clock."""

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from serving.errors import ServingError
from serving.live.classifier import LivePrediction
from shared_features.landmarks.landmarks import CONNECTIONS, LANDMARK_INDEX
from shared_features.media.frames import RgbArray

_LONGEST_SIDE = 960
_LINE_COLOUR = (255, 255, 255)
_SHIFT = 4


class LiveWindow:
    """Shows frames; ``is_open`` says whether the user has closed the window.

    Raises:
        ServingError: There is no screen, or Python lacks Tk.
    """

    def __init__(self, title: str) -> None:
        try:
            import tkinter
        except ImportError as error:
            raise ServingError(
                "A window needs Tk, which this Python lacks (Debian: apt-get install python3-tk). "
                "Without --window, the pose is shown in the terminal."
            ) from error
        try:
            self._root = tkinter.Tk()
        except tkinter.TclError as error:
            raise ServingError(
                f"No window can be opened ({error}). Without --window, the pose is shown in the "
                "terminal."
            ) from error
        self._root.title(title)
        self._label = tkinter.Label(self._root, background="black")
        self._label.pack()
        self._root.protocol("WM_DELETE_WINDOW", self._closed)
        self.is_open = True

    def show(self, rgb: RgbArray, prediction: LivePrediction) -> None:
        """Show a frame with its prediction."""
        from PIL import ImageTk

        # Tk keeps no reference to images.
        self._image = ImageTk.PhotoImage(draw(rgb, prediction), master=self._root)
        self._label.configure(image=self._image)
        self._root.update()

    def close(self) -> None:
        """Close the window."""
        if self.is_open:
            self._closed()

    def _closed(self) -> None:
        self.is_open = False
        self._root.destroy()


def draw(rgb: RgbArray, prediction: LivePrediction) -> Image.Image:
    """A frame with skeleton, pose and hold clock."""
    height, width = rgb.shape[:2]
    scale = _LONGEST_SIDE / max(height, width)
    size = round(width * scale), round(height * scale)
    canvas = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    if prediction.landmarks is not None:
        points = np.rint(prediction.landmarks[:, :2] * size * (1 << _SHIFT)).astype(int).tolist()
        for start, end in CONNECTIONS:
            a, b = points[LANDMARK_INDEX[start]], points[LANDMARK_INDEX[end]]
            cv2.line(canvas, a, b, _LINE_COLOUR, 2, cv2.LINE_AA, _SHIFT)
    image = Image.fromarray(canvas.astype(np.uint8))
    text = prediction.steady.label
    if prediction.steady.hold_s is not None:
        text += f"  {prediction.steady.hold_s:.1f} s"
    ImageDraw.Draw(image).text(
        (24, 20),
        text,
        font=ImageFont.load_default(44),
        fill="white",
        stroke_width=3,
        stroke_fill="black",
    )
    return image
