# %%
import os
from pathlib import Path

# %%
#| task: show
print(Path("/etc/motd").read_text().strip(), os.environ["COLOUR"], Path("/etc/private.key").exists())
shown = True
