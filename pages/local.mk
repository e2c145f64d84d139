# pages/local.mk - reports as pages of HTML, and the template that they are made of.
noinst_LIBRARIES += libcrpages.a
libcrpages_a_SOURCES = pages/page.c pages/page.h pages/page_data.c pages/page_int.h pages/spans.c pages/spans.h

bundled_pages = pages/report.html pages/report.css pages/report.js
pagesdir = $(pkgdatadir)/pages
dist_pages_DATA = $(bundled_pages)
noinst_DATA += $(bundled_pages:%=share/corun/%)

share/corun/pages/%: pages/%
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp $< $@.new && mv -f $@.new $@
