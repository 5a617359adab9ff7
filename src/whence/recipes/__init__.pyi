from .registry import RECIPES as RECIPES, recipe_named as recipe_named
