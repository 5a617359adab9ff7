"""`whence publish`: show a model and its card for the Hugging Face Hub, and with `--yes` upload them."""

from __future__ import annotations

import argparse
import logging
import re
import sys
from pathlib import Path

from whence import hub, inference, labels
from whence.cli.command import Command
from whence.errors import DONE, WhenceError
from whence.files import read_small
from whence.text import shown
from whence.views import aligned

_LOG = logging.getLogger("whence.cli")
_LICENSE = re.compile(r"[a-z0-9][a-z0-9.-]{1,40}")
_LARGEST_DATA_BYTES = 100_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the model, where it goes, and what its card states."""
    parser.add_argument("model", type=Path, help="an exported .onnx file, or the folder of a finished run")
    parser.add_argument("repository", metavar="user/name", help="where on the Hub; made if it is not there")
    parser.add_argument("--scores", type=Path, metavar="FILE", help="what whence evaluate --json printed, for the card")
    parser.add_argument("--scored-on", metavar="WORDS", help="the data those scores are of")
    parser.add_argument(
        "--data", type=Path, metavar="FILE", help="Markdown: what it was trained on, under which licences"
    )
    parser.add_argument("--license", metavar="ID", help="of the model, as the Hub writes it: apache-2.0, mit")
    parser.add_argument("--private", action="store_true", help="make the repository private, if it has to be made")
    parser.add_argument("--yes", action="store_true", help="upload; without it everything is only shown")


def run(args: argparse.Namespace) -> int:
    """Select, show, and with `--yes` upload."""
    name = hub.read_name(f"hf:{args.repository}")
    if name.commit:
        raise WhenceError(f"{args.repository}: a repository to upload to has no commit; write user/name")
    if args.license and not _LICENSE.fullmatch(args.license):
        raise WhenceError(
            f"--license {shown(args.license)}: write its identifier, such as apache-2.0, mit or cc-by-4.0"
        )
    selection = hub.select_files(args.model)
    facts = _facts(args, name, selection)
    card = hub.model_card(facts)
    if hub.holds_secret(card.encode("utf-8")):
        raise WhenceError(
            "the card would contain a token of the Hub; take it out of what it is made of, and make it invalid"
        )
    missing = _missing(facts)
    if not args.yes:
        sys.stdout.write(_page(selection, name, card, missing))
        return DONE
    if not facts.license:
        raise WhenceError("nothing uploaded: a licence is missing; add --license apache-2.0 or what fits your data")
    for note in (*missing, *selection.notes):
        _LOG.warning("%s", note)
    commit = hub.upload(selection.files, name, card, private=args.private)
    sys.stdout.write(f"{hub.endpoint()}/{name.repository}\n{name}@{commit}\n")
    return DONE


def _facts(args: argparse.Namespace, name: hub.HubName, selection: hub.Selection) -> hub.CardFacts:
    """What the card states, from the files the user named."""
    system, classes = _described(args.model)
    return hub.CardFacts(
        name=name,
        classes=classes.names,
        files=selection.files,
        license=args.license or "",
        scores=None if args.scores is None else hub.read_scores(args.scores),
        scored_on=args.scored_on or "",
        data="" if args.data is None else _markdown(args.data),
        recipe=system.recipe,
    )


def _markdown(path: Path) -> str:
    """A short text file."""
    content = read_small(path, _LARGEST_DATA_BYTES)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise WhenceError("not UTF-8 text", where=path) from None


def _described(model: Path) -> tuple[inference.SystemFile, labels.ClassList]:
    """The description in a model; an ONNX file is loaded for it, so that only what can be loaded is published."""
    if model.is_dir():
        system = inference.read_system(model)
        return system, system.class_list(len(system.thresholds or labels.STARSS23))
    networks = inference.OnnxNetworks(model)
    system = networks.card.systems[0]
    return system, system.class_list(networks.codings[0].class_count)


def _missing(facts: hub.CardFacts) -> list[str]:
    """What a reader of the card would miss."""
    missing = [] if facts.license else ["no licence is stated; add --license"]
    if not facts.data:
        missing.append("nothing is stated on the training data and its licences; add --data FILE")
    if facts.scores is None:
        missing.append("no scores; add --scores FILE, made by whence evaluate --json")
    elif not facts.scored_on:
        missing.append("the scores are of data without a name; add --scored-on")
    return missing


def _page(selection: hub.Selection, name: hub.HubName, card: str, missing: list[str]) -> str:
    """The preview: what would be uploaded, and the card."""
    rows = [["file", "MB", "sha256"]]
    rows += [[file.name, f"{file.size / 1e6:.3f}", file.sha256] for file in selection.files]
    rows.append([hub.CARD_FILE, f"{len(card.encode()) / 1e6:.3f}", "the card below"])
    parts = [f"would go to {hub.endpoint()}/{name.repository}\n", aligned(rows)]
    if selection.left_out:
        width = max(len(shown(left)) for left, _ in selection.left_out)
        parts.append("\nnot uploaded:\n")
        parts += [f"  {shown(left):<{width}}  {why}\n" for left, why in selection.left_out]
    parts.append(f"\n{hub.CARD_FILE} would be:\n\n")
    parts += [f"  {line}".rstrip() + "\n" for line in card.splitlines()]
    if missing or selection.notes:
        parts.append("\nconsider:\n")
        parts += [f"  {note}\n" for note in (*missing, *selection.notes)]
    parts.append(
        "\nNothing was uploaded. The same command with --yes does it, with the token in HF_TOKEN or of hf auth login.\n"
    )
    return "".join(parts)


COMMAND = Command(
    summary="show, and with --yes upload, a model and its card for the Hugging Face Hub",
    examples=(
        "whence publish model.onnx doe/street --license apache-2.0",
        "whence publish runs/first doe/street --scores scores.json --scored-on 'DCASE 2025 dev-test' --data data.md",
        "whence publish model.onnx doe/street --license mit --yes",
    ),
    add_arguments=add_arguments,
    run=run,
)
