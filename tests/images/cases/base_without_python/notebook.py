# %%
#| task: load
values = list(range(10))

# %%
#| task: total
total = sum(values)

# %%
#| task: show
print(f"total is {total}")
shown = True
