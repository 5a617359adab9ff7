"""Small data sets on disk, laid out as the real ones, made by the tests."""

import csv
import io
import json

import numpy as np
import soundfile

RATE = 24_000


def noise(seed, channels, samples, level=0.05):
    return np.random.default_rng([seed, 0]).normal(0, level, (samples, channels)).astype(np.float32)


def write_wav(path, samples, rate=RATE, subtype="PCM_16"):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


def write_text(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


STEREO_HEADER = "frame,class,source,azimuth,distance,onscreen\n"
STEREO_CLIPS = {
    "dev-train-sony": ["fold3_room21_mix013_deg020_start0450", "fold3_room21_mix013_deg021_start0451"],
    "dev-train-tau": ["fold3_room2_mix001_deg000_start0000"],
    "dev-test-sony": ["fold4_room23_mix002_deg359_start1234"],
    "dev-test-tau": ["fold4_room8_mix001_deg100_start0007", "fold4_room8_mix002_deg100_start0007"],
}


def stereo_tree(folder):
    """The DCASE 2025 stereo set with a few clips of five seconds; one of them is silent."""
    for subset, names in STEREO_CLIPS.items():
        for seed, name in enumerate(names):
            write_wav(folder / "stereo_dev" / subset / f"{name}.wav", noise(seed, 2, 120_000))
            rows = "" if name.endswith("0451") else f"0,3,0,-40,{150 + seed},0\n1,3,0,-41,150,1\n"
            write_text(folder / "metadata_dev" / subset / f"{name}.csv", STEREO_HEADER + rows)
    write_wav(folder / "stereo_eval" / "eval" / "eval_00001.wav", noise(9, 2, 120_000))
    return folder


STARSS_LENGTHS_S = {
    "dev-train-sony/fold3_room21_mix012": 9.0,
    "dev-train-sony/fold3_room21_mix013": 7.34,
    "dev-train-tau/fold3_room2_mix001": 6.0,
    "dev-test-tau/fold4_room8_mix001": 12.3,
}


def starss_rows(seed, frames):
    """Label rows of a recording: frame, class, source, azimuth, elevation, distance."""
    rng = np.random.default_rng([seed, 1])
    return [
        (frame, int(rng.integers(13)), source, int(rng.integers(-180, 181)), int(rng.integers(-90, 91)), 100 + source)
        for frame in range(frames)
        for source in range(int(rng.integers(0, 3)))
    ]


def starss_tree(folder, level=0.05):
    """STARSS23 with four short recordings."""
    for seed, (key, length_s) in enumerate(STARSS_LENGTHS_S.items()):
        samples = round(length_s * RATE)
        write_wav(folder / "foa_dev" / f"{key}.wav", noise(seed, 4, samples, level))
        rows = starss_rows(seed, samples // 2400)
        write_text(folder / "metadata_dev" / f"{key}.csv", "".join(",".join(map(str, row)) + "\n" for row in rows))
    return folder


# Clip: labels with all their parents as FSD50K writes them, split, uploader, licence.
_BY, _NC = "http://creativecommons.org/licenses/by/3.0/", "http://creativecommons.org/licenses/by-nc/3.0/"
FSD50K_DEV = {
    "101": ("Knock,Door,Domestic_sounds_and_home_sounds", "train", "anna", _BY),
    "102": ("Door,Domestic_sounds_and_home_sounds", "train", "anna", _BY),
    "103": ("Electric_guitar,Guitar,Plucked_string_instrument,Musical_instrument,Music", "val", "ben", _NC),
    "104": ("Laughter,Clapping,Human_voice,Hands", "train", "cleo", _BY),
    "105": ("Bark,Dog,Animal", "train", "dora", _BY),
    "106": ("Clapping,Applause,Human_group_actions,Hands", "train", "eve", _BY),
    "107": ("Cowbell,Bell", "train", "dora", _BY),
    "108": ("Church_bell,Bell", "train", "dora", _BY),
    "109": ("Keys_jangling,Domestic_sounds_and_home_sounds", "val", "eve", _BY),
}
FSD50K_EVAL = {"201": ("Water_tap_and_faucet,Water", "", "zoe", _BY)}
FSD50K_VOCABULARY_EXTRA = ["Domestic_sounds_and_home_sounds", "Music", "Guitar", "Dog", "Animal", "Bark"]


def fsd50k_tree(folder, vocabulary):
    for subset, clips in (("dev", FSD50K_DEV), ("eval", FSD50K_EVAL)):
        for clip in clips:
            write_wav(folder / f"FSD50K.{subset}_audio" / f"{clip}.wav", noise(int(clip), 1, 4_410), 44_100)
        path = write_text(folder / "FSD50K.ground_truth" / f"{subset}.csv", "")
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["fname", "labels", "mids"] + (["split"] if subset == "dev" else []))
            for clip, (labels, split, _, _) in clips.items():
                mids = ",".join("/m/0" for _ in labels.split(","))
                writer.writerow([clip, labels, mids] + ([split] if subset == "dev" else []))
        info = {
            clip: {"title": "a, b", "description": "", "tags": [], "license": licence, "uploader": uploader}
            for clip, (_, _, uploader, licence) in clips.items()
        }
        write_text(folder / "FSD50K.metadata" / f"{subset}_clips_info_FSD50K.json", json.dumps(info))
    rows = "".join(f"{number},{name},/m/{number}\n" for number, name in enumerate(vocabulary))
    write_text(folder / "FSD50K.ground_truth" / "vocabulary.csv", rows)
    return folder


# Track: artist, split, size, licence.
FMA_TRACKS = {
    2: ("1", "training", "small", "Attribution"),
    5: ("1", "training", "medium", "Attribution"),
    1_010: ("7", "validation", "small", "Attribution-NonCommercial"),
    155_066: ("9", "test", "large", "Attribution"),
}


def fma_tree(folder, tracks=FMA_TRACKS, decodable=False):
    """FMA small and medium; the tracks are text or, on request, real MP3 of a second."""
    content = io.BytesIO(b"not decoded here")
    if decodable:
        soundfile.write(content, noise(1, 2, 44_100), 44_100, format="MP3")
    for size, sizes in (("small", {"small"}), ("medium", {"small", "medium"})):
        for track, (_, _, own, _) in tracks.items():
            if own in sizes:
                path = write_text(folder / f"fma_{size}" / f"{track // 1000:03d}" / f"{track:06d}.mp3", "")
                path.write_bytes(content.getvalue())
    path = write_text(folder / "fma_metadata" / "tracks.csv", "")
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["", "album", "artist", "artist", "set", "set", "track", "track"])
        writer.writerow(["", "information", "bio", "id", "split", "subset", "license", "title"])
        writer.writerow(["track_id", "", "", "", "", "", "", ""])
        for track, (artist, split, size, licence) in tracks.items():
            long_text = "A life in\nseveral lines, " * 8_000
            writer.writerow([track, 'said "so"', long_text, artist, split, size, licence, "Título"])
    return folder
