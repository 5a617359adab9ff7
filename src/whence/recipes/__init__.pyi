from .from_file import find_recipe as find_recipe
from .registry import RECIPES as RECIPES, recipe_named as recipe_named
