# %%
from pathlib import Path

# %%
#| task: add
folder = Path("data")
print(sum(int(line) for line in (folder / "numbers.txt").read_text().split()), (folder / "private.key").exists())
shown = True
