"""The units of the whole package: the sample rate and the label frame."""

# Every signal inside the package has this rate; files are resampled when they are read.
SAMPLE_RATE_HZ = 24_000
# Labels, predictions and metrics count frames of 100 ms.
FRAME_S = 0.1
FRAME_SAMPLES = 2_400
FRAMES_PER_SECOND = 10
SPEED_OF_SOUND_M_S = 343.0
# How many numbers tell a network a pair of microphones, see `whence.audio.Microphones.numbers`.
MICROPHONE_NUMBERS = 6
