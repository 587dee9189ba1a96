import numpy as np


def main():
    t = np.linspace(0, 1, 256, endpoint=False)
    signal = np.sin(2 * np.pi * 12 * t) + 0.5 * np.cos(2 * np.pi * 40 * t)
    spectrum = np.abs(np.fft.rfft(signal)) / 128
    peaks = np.flatnonzero(spectrum > 0.2)
    filtered = np.fft.irfft(np.where(np.arange(129) < 20, np.fft.rfft(signal), 0))
    return peaks.tolist(), spectrum[peaks].round(6).tolist(), np.abs(filtered - np.sin(2 * np.pi * 12 * t)).max() < 1e-9
