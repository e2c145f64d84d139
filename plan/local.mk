# plan/local.mk - off-line analyses, pure: which pipeline of nodes, which layers where, how late at the worst.
noinst_LIBRARIES += libcrplan.a
libcrplan_a_SOURCES = \
  plan/dart_plan.c plan/dart_plan.h plan/node_config.c plan/node_config.h plan/one_node.c plan/one_node.h plan/platform.h plan/rta.h plan/rta_holistic.c plan/rta_int.h plan/rta_overlap.c \
  plan/rta_paper.c plan/stage_split.c plan/stage_split.h plan/task_set.h
