# %%
import importlib

# %%
#| task: show
module = importlib.import_module("broken")
print(module.version, module.__file__)
shown = True
