# studies/local.mk - designs of many runs, and what their results say.
noinst_LIBRARIES += libcrstudies.a
libcrstudies_a_SOURCES = \
  studies/axis.c studies/axis.h studies/design.c studies/design.h studies/interval.c studies/interval.h studies/rank.c studies/rank.h studies/goal.c studies/goal.h studies/results.c studies/results.h \
  studies/search.c studies/search.h studies/search_int.h studies/search_log.c studies/search_log.h studies/search_refine.c \
  studies/ranking.c studies/ranking.h
