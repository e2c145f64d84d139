# figures.mk - how every table and figure is made, for `make plots`: make -f figures.mk PLOTS=plots CORUN=build/corun OUT=figures
#
# Tables come from runs (again when the program, or the script that runs it, is newer), pictures from tables (again when the .gp is newer);
# then all tables in one file, and all pictures on one page.  SCENARIOS are run under every policy and drawn.
SCENARIOS = disb-a disb-b disb-c disb-d disb-e
salus = $(addprefix $(OUT)/salus-,table1 fig7 fig8a fig9 fig10 fig11 fig13 memory)
reef = $(addprefix $(OUT)/reef-,disb-mi50 increase disb-h200 latency queue restore idle padding)
# What the artifact of REEF is needed for is left out where it is not.
ifeq ($(wildcard $(or $(CORUN_SHARED_DATA),$(PLOTS)/../../shared/data)/reef/artifact-profiles),)
reef := $(filter-out %-mi50 %-increase %-restore,$(reef))
endif
plans = $(addprefix $(OUT)/dart-,utilization tasks heavy)
runs = $(addprefix $(OUT)/dart-,tightness response throughput)
tabled = $(salus) $(reef) $(plans) $(runs)
drawn = $(tabled) $(SCENARIOS:%=$(OUT)/%) $(OUT)/validate
forms = svg pdf png
pictures = $(foreach form,$(forms),$(drawn:=.$(form)))
setup = $(PLOTS)/begin.sh $(PLOTS)/scratch.sh
drawing = $(PLOTS)/style.gp $(PLOTS)/figure-setup.sh $(setup)
running = $(CORUN) $(PLOTS)/table-setup.sh $(setup)
export CORUN

all: $(pictures) $(OUT)/tables.md $(OUT)/tables.tex $(OUT)/gallery.md
.PHONY: all
.DELETE_ON_ERROR:
.SECONDARY:

$(OUT):
	mkdir -p $@

# --- tables ---

$(salus:=.csv) &: $(running) $(PLOTS)/salus-tables.sh $(PLOTS)/salus-ledger.awk $(wildcard $(PLOTS)/data/salus-*.csv) | $(OUT)
	$(PLOTS)/salus-tables.sh $(OUT)
$(reef:=.csv) &: $(running) $(PLOTS)/reef-tables.sh $(PLOTS)/reef-rows.awk | $(OUT)
	$(PLOTS)/reef-tables.sh $(OUT)
$(plans:=.csv): $(OUT)/dart-%.csv: $(running) $(PLOTS)/dart-tables.sh | $(OUT)
	$(PLOTS)/dart-tables.sh $(OUT) 200 $*
$(OUT)/dart-tightness.csv: $(running) $(PLOTS)/dart-runs.sh | $(OUT)
	$(PLOTS)/dart-runs.sh $(OUT) 30 16 tightness
$(OUT)/dart-response.csv $(OUT)/dart-throughput.csv $(OUT)/dart-batch.csv &: $(running) $(PLOTS)/dart-runs.sh | $(OUT)
	$(PLOTS)/dart-runs.sh $(OUT) 30 16 batch
$(OUT)/validate.csv: $(CORUN) | $(OUT)
	$(CORUN) validate --format csv >$@
$(SCENARIOS:%=$(OUT)/%.db): $(OUT)/%.db: $(CORUN) | $(OUT)
	$(CORUN) run $* -q -o $@ --force >$(OUT)/$*.txt

# --- pictures ---

define picture_of
$(tabled:=.$(1)): $(OUT)/%.$(1): $(OUT)/%.csv $(PLOTS)/%.gp $(PLOTS)/draw.sh $(drawing)
	$(PLOTS)/draw.sh $$@
$(SCENARIOS:%=$(OUT)/%.$(1)): $(OUT)/%.$(1): $(OUT)/%.db $(PLOTS)/run.gp $(PLOTS)/run-figure.sh $(drawing)
	$(PLOTS)/run-figure.sh $$< $$@
$(OUT)/validate.$(1): $(OUT)/validate.csv $(PLOTS)/validate.gp $(PLOTS)/validate-figure.sh $(drawing)
	$(PLOTS)/validate-figure.sh $$< $$@
endef
$(foreach form,$(forms),$(eval $(call picture_of,$(form))))
$(OUT)/dart-utilization.% $(OUT)/dart-tasks.% $(OUT)/dart-heavy.%: $(PLOTS)/dart-ratio.gp

# --- all in one ---

$(OUT)/tables.md $(OUT)/tables.tex &: $(tabled:=.csv) $(PLOTS)/collect-tables.sh $(PLOTS)/caption.sh
	$(PLOTS)/collect-tables.sh $(OUT) $(notdir $(tabled))
$(OUT)/gallery.md: $(pictures) $(PLOTS)/gallery.sh $(PLOTS)/caption.sh
	$(PLOTS)/gallery.sh $(OUT) $(notdir $(drawn)) >$@
