# plots/local.mk - figures from run databases and tables, by gnuplot.
EXTRA_DIST += plots/make-plots.sh plots/run-figure.sh plots/run.gp plots/style.gp plots/validate-figure.sh plots/validate.gp
plots: all
	@if test -z '$(GNUPLOT)'; then \
	  echo 'make plots needs gnuplot, which configure did not find; on Debian: apt-get install gnuplot-nox, then configure again'; \
	  exit 1; \
	fi
	GNUPLOT='$(GNUPLOT)' CORUN='$(abs_builddir)/corun$(EXEEXT)' $(srcdir)/plots/make-plots.sh
PHONY += plots
