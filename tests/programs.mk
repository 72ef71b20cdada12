# SPDX-License-Identifier: GPL-2.0
# Test programs, one from each <name>.c of the folder whose Makefile includes this.
# It has set $(here), the folder, O, where they go, and CFLAGS.

CC := gcc

names := $(sort $(basename $(notdir $(wildcard $(here)*.c))))
programs := $(addprefix $(O)/,$(names))

all: $(programs)

list:
	@echo $(names)

$(O)/%: $(here)%.c $(wildcard $(here)*.h) $(here)Makefile
	@mkdir -p $(O)
	@echo "  CC      $*"
	@$(CC) $(CFLAGS) -o $@.tmp $< && mv $@.tmp $@

clean:
	rm -f $(programs)

.PHONY: all list clean
