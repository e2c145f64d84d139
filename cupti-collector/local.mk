# cupti-collector/local.mk - nothing is built here yet; README.md says what is to come.
EXTRA_DIST += cupti-collector/README.md
