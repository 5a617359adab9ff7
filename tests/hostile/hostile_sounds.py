"""Sound files made byte by byte, and good ones spoiled at random; run as a script, it reads many of the latter."""

import json
import logging
import random
import resource
import struct
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import soundfile as sf

RATE_HZ = 24_000


def noise(seconds=1.0, channel_count=2, rate_hz=RATE_HZ, level=0.1, seed=0):
    """(channel, sample) float32 noise that never reaches full scale."""
    samples = np.random.default_rng(seed).uniform(-level, level, (channel_count, round(seconds * rate_hz)))
    return samples.astype(np.float32)


def pcm16(signal):
    return np.round(np.asarray(signal).T * 32768).clip(-32768, 32767).astype("<i2").tobytes()


def chunk(name, content, size=None):
    return struct.pack("<4sI", name, len(content) if size is None else size) + content


def fmt(rate_hz=RATE_HZ, channel_count=2, bits=16, tag=1):
    block = channel_count * bits // 8
    return chunk(
        b"fmt ", struct.pack("<HHIIHH", tag, channel_count, rate_hz, rate_hz * block & 0xFFFFFFFF, block & 0xFFFF, bits)
    )


def riff(*chunks, size=None):
    body = b"WAVE" + b"".join(chunks)
    return struct.pack("<4sI", b"RIFF", len(body) if size is None else size) + body


def wav(signal, **header):
    """A plain WAV file of a signal, with a header that may say something else."""
    return riff(fmt(**header), chunk(b"data", pcm16(signal)))


def mutated(rng, good):
    """A copy of a file with one to eight faults, most of them near its head."""
    data = bytearray(good)
    for _ in range(rng.randint(1, 8)):
        if not data:
            break
        at = rng.randrange(min(len(data), 200) if rng.random() < 0.6 else len(data))
        fault = rng.randrange(7)
        if fault == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif fault == 1:
            data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif fault == 2:
            data[at : at + 4] = rng.choice((b"\0\0\0\0", b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f"))
        elif fault == 3:
            del data[at:]
        elif fault == 4:
            del data[at : at + rng.randint(1, 64)]
        elif fault == 5:
            data[at:at] = rng.randbytes(rng.randint(1, 64))
        else:
            start = rng.randrange(len(data))
            data[at:at] = data[start : start + rng.randint(1, 500)]
    return bytes(data)


def good_files(folder):
    """One sound of two seconds in each coding that libsndfile reads for us, and what PyAV can write."""
    signal = noise(2.0).T
    kinds = {
        "wav": ("WAV", "PCM_16"),
        "float.wav": ("WAV", "FLOAT"),
        "double.wav": ("WAV", "DOUBLE"),
        "24.wav": ("WAVEX", "PCM_24"),
        "u8.wav": ("WAV", "PCM_U8"),
        "ulaw.wav": ("WAV", "ULAW"),
        "ima.wav": ("WAV", "IMA_ADPCM"),
        "rf64": ("RF64", "PCM_16"),
        "w64": ("W64", "PCM_16"),
        "flac": ("FLAC", "PCM_16"),
        "ogg": ("OGG", "VORBIS"),
        "opus": ("OGG", "OPUS"),
        "mp3": ("MP3", "MPEG_LAYER_III"),
        "aiff": ("AIFF", "PCM_16"),
        "au": ("AU", "PCM_16"),
        "caf": ("CAF", "PCM_16"),
    }
    paths = []
    for ending, (container, subtype) in kinds.items():
        paths.append(Path(folder) / f"good.{ending}")
        sf.write(paths[-1], signal, RATE_HZ, format=container, subtype=subtype)
    return paths


def make_film(path, signal, rate_hz, codec="aac", container="mp4", with_picture=False):
    """A film or phone recording of a stereo signal, by PyAV."""
    import av

    with av.open(str(path), "w", format=container) as film:
        track = film.add_stream(codec, rate=rate_hz)
        track.layout = "stereo"
        if with_picture:
            picture = film.add_stream("mpeg4", rate=10)
            picture.width = picture.height = 32
            picture.pix_fmt = "yuv420p"
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            film.mux([packet for _ in range(10) for packet in picture.encode(frame)] + picture.encode())
        for start in range(0, signal.shape[1], 1024):
            piece = np.ascontiguousarray(signal[:, start : start + 1024])
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = rate_hz, start
            film.mux(track.encode(frame))
        film.mux(track.encode())
    return path


def most_memory_kib():
    """The most memory this process has had; Linux's other figure, `ru_maxrss`, begins with that of the parent."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def read_spoiled(folder, first_seed, count, with_films):
    """Read `count` spoiled files; return the outcomes, the longest processor time and the memory taken."""
    from whence.audio import read
    from whence.errors import AudioError

    good = {path.name: path.read_bytes() for path in good_files(folder)}
    if with_films:
        for name, codec, container in (
            ("m4a", "aac", "ipod"),
            ("webm", "libopus", "webm"),
            ("mkv", "flac", "matroska"),
        ):
            path = make_film(Path(folder) / f"good.{name}", noise(2.0, rate_hz=48_000), 48_000, codec, container)
            good[path.name] = path.read_bytes()
    spoiled, outcomes, strangers = Path(folder) / "spoiled", Counter(), []
    longest_s, longest_case = 0.0, ""
    for content in good.values():  # libraries loaded and each decoder used once: their memory is not the file's
        spoiled.write_bytes(content)
        read(spoiled)
    at_start_kib = most_memory_kib()
    names = list(good)
    for seed in range(first_seed, first_seed + count):
        name = names[seed % len(names)]
        rng = random.Random(seed)
        spoiled.write_bytes(mutated(rng, good[name]))
        (Path(folder) / "now").write_text(f"{name} seed {seed}")
        started = time.process_time()
        try:
            signal = read(spoiled, repair=rng.random() < 0.5)
            sound = signal.dtype == np.float32 and len(signal) == 2 and bool(np.isfinite(signal).all())
            outcomes["read" if sound else "nonsense"] += 1
        except AudioError:
            outcomes["AudioError"] += 1
        except Exception as error:
            outcomes["other"] += 1
            strangers.append(f"{name} seed {seed}: {error!r}")
        if time.process_time() - started > longest_s:
            longest_s, longest_case = time.process_time() - started, f"{name} seed {seed}"
    grown_kib = most_memory_kib() - at_start_kib
    return {
        "outcomes": outcomes,
        "strangers": strangers[:10],
        "longest_s": longest_s,
        "longest_case": longest_case,
        "grown_mib": grown_kib / 1024,
    }


if __name__ == "__main__":
    warnings.simplefilter("error")
    logging.disable(logging.CRITICAL)
    found = read_spoiled(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "films")
    sys.stdout.write(json.dumps(found))
