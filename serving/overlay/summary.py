import numpy as np


def summary_picture(routine, photos, params):
    return np.zeros((100, 100, 3), np.uint8)
