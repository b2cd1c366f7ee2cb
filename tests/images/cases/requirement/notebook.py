# %%
import importlib

# %%
#| task: show
module = importlib.import_module("greeting")
print(module.version, module.__file__)
shown = True
