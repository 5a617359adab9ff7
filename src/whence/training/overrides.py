"""A user's own values laid over a recipe: a mapping like the recipe's own plain form, with as few fields as wanted."""

import dataclasses
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from whence.errors import TrainingError
from whence.models.outputs import build_output
from whence.settings import suggestion, with_changes
from whence.training.recipe import Recipe


def with_overrides(recipe: Recipe, data: Mapping[str, Any]) -> Recipe:
    """Change fields of a recipe.

    Args:
        recipe: stays as it is.
        data: names and values; `networks` holds a mapping by the names of the networks.

    Returns:
        a new recipe, checked as any.

    Raises:
        WhenceError: a field that is unknown (the nearest is named), ill-typed or out of range, with its dotted name.

    >>> from whence.recipes.registry import recipe_named
    >>> with_overrides(recipe_named("tiny"), {"networks": {"detector": {"epochs": 5}}}).networks[0].epochs
    5
    """
    given = dict(data)
    by_name = {network.name: network for network in recipe.networks}
    changes = given.pop("networks", {})
    if not isinstance(changes, Mapping):
        raise TrainingError(f"recipe.networks is {changes!r}; it must be names of networks with their fields")
    for name, change in changes.items():
        if name not in by_name:
            raise TrainingError(f"recipe.networks.{name} is not a field; {suggestion(str(name), by_name)}")
        by_name[name] = with_changes(by_name[name], change, f"recipe.networks.{name}", TrainingError)
    return with_changes(replace(recipe, networks=tuple(by_name.values())), given, "recipe", TrainingError)


def with_class_count(recipe: Recipe, class_count: int) -> Recipe:
    """The recipe for another number of classes: codings count them, and networks give as many numbers as these want.

    >>> from whence.recipes.registry import recipe_named
    >>> with_class_count(recipe_named("tiny"), 5).networks[1].model.output_size
    15
    """
    networks = []
    for network in recipe.networks:
        if network.output.class_count == class_count:
            networks.append(network)
            continue
        output = replace(network.output, class_count=class_count)
        # Most networks are told a size; one with a branch for each quantity is told the classes.
        told = {entry.name for entry in dataclasses.fields(network.model)}
        size = {"class_count": class_count, "output_size": build_output(output).output_size}
        changes = {name: value for name, value in size.items() if name in told}
        networks.append(replace(network, output=output, model=replace(network.model, **changes)))
    return replace(recipe, networks=tuple(networks))
