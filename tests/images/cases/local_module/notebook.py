# %%
import helper

# %%
#| task: greet
print(helper.greeting())
shown = True
