# plots/local.mk - figures from run databases and tables, by gnuplot.
EXTRA_DIST += plots/figures.mk plots/make-plots.sh plots/begin.sh plots/scratch.sh plots/table-setup.sh plots/figure-setup.sh plots/draw.sh plots/caption.sh \
  plots/gallery.sh plots/collect-tables.sh plots/style.gp plots/mi50-rows.gp \
  plots/run-figure.sh plots/run.gp plots/validate-figure.sh plots/validate.gp plots/residual-figure.sh plots/residual.gp
EXTRA_DIST += plots/salus-tables.sh plots/salus-draws.sh plots/salus-ledger.awk \
  plots/salus-table1.gp plots/salus-fig7.gp plots/salus-fig8a.gp plots/salus-fig9.gp plots/salus-fig10.gp \
  plots/salus-fig11.gp plots/salus-fig13.gp plots/salus-memory.gp \
  plots/data/salus-table1.csv plots/data/salus-fig7.csv plots/data/salus-fig8a.csv plots/data/salus-fig9.csv \
  plots/data/salus-fig10.csv plots/data/salus-fig11.csv plots/data/salus-fig13.csv
EXTRA_DIST += plots/reef-tables.sh plots/reef-experiments.sh plots/reef-rows.awk plots/reef-disb-mi50.gp plots/reef-disb-h200.gp plots/reef-increase.gp \
  plots/reef-latency.gp plots/reef-queue.gp plots/reef-restore.gp plots/reef-idle.gp plots/reef-padding.gp
EXTRA_DIST += plots/dart-tables.sh plots/dart-runs.sh plots/dart-ratio.gp plots/dart-utilization.gp plots/dart-tasks.gp plots/dart-heavy.gp \
  plots/dart-tightness.gp plots/dart-response.gp plots/dart-throughput.gp
plots: all
	@if test -z '$(GNUPLOT)'; then \
	  echo 'make plots needs gnuplot, which configure did not find; on Debian: apt-get install gnuplot-nox, then configure again'; \
	  exit 1; \
	fi
	MAKE='$(MAKE)' GNUPLOT='$(GNUPLOT)' CORUN='$(abs_builddir)/corun$(EXEEXT)' $(srcdir)/plots/make-plots.sh
# The pictures of docs/gallery.md anew, from those of make plots.
refresh-gallery: plots
	$(MKDIR_P) $(srcdir)/docs/figures
	sed -n 's/^!\[\(.*\)\](.*/\1/p' figures/gallery.md | while read -r name; do cp "figures/$$name.svg" $(srcdir)/docs/figures/ || exit 1; done
	sed 's|(\([a-z0-9-]*\.svg\))|(figures/\1)|; s| (\[SVG\].*||' figures/gallery.md >$(srcdir)/docs/gallery.md
PHONY += plots refresh-gallery
