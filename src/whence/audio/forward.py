"""A decoder that reads on from where it is: soundfile's own seeks after every read, and lands elsewhere in an MP3."""

import soundfile


class ForwardFile(soundfile.SoundFile):  # type: ignore[misc]  # it comes without types
    """A sound file that is read from front to back.

    After each read, soundfile seeks to where it is already. In an MP3 of varying bit rate that seek misses by
    thousands of samples, so a file read in blocks is another sound than the same file read at once; in a FLAC that
    does not say its length, the last seek fails and takes the last block with it. A file that says it cannot seek is
    left in peace. An explicit `seek` still works where the format can do it exactly.
    """

    def seekable(self) -> bool:
        """No, for all that soundfile does by itself."""
        return False
