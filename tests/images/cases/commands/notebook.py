# %%
import os
from pathlib import Path

# %%
#| task: show
print(Path("/etc/made").read_text().strip(), os.environ["SHAPE"], os.environ["PRICE"])
shown = True
