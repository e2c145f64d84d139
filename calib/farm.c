/* farm.c - independent tasks spread over processes of this machine.
 *
 * One socket pair a worker: the number of a task goes out, a head and the result (or the error's text) come back.  Workers
 * are forked for one call and end when their socket is closed.  No threads: a task may use anything that is not meant for
 * several threads, and no lock can be held by somebody else at the fork. */
#include "config.h"

#include "calib/farm.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/mem.h"

struct head {
  uint32_t task;
  int32_t rc;
};

struct worker {
  pid_t pid;
  int fd;
  int busy;
  uint32_t task; /* when busy */
};

struct farm {
  const struct cr_farm *cfg;
  struct worker *worker; /* [n_worker] */
  struct pollfd *poll;   /* [n_worker] */
  uint32_t n_worker, n_sent, n_done;
  void *result;
  int told_to_stop;
};

static int stopped(const struct cr_farm *f)
{
  return f->stop && *f->stop;
}

/* Whether all n bytes went through; a peer that is gone is no. */
static int send_all(int fd, const void *bytes, size_t n)
{
  const char *at = bytes;
  while (n) {
    ssize_t k = send(fd, at, n, MSG_NOSIGNAL);
    if (k < 0 && errno == EINTR)
      continue;
    if (k <= 0)
      return 0;
    at += k;
    n -= (size_t)k;
  }
  return 1;
}

static int receive_all(int fd, void *bytes, size_t n)
{
  char *at = bytes;
  while (n) {
    ssize_t k = recv(fd, at, n, 0);
    if (k < 0 && errno == EINTR)
      continue;
    if (k <= 0)
      return 0;
    at += k;
    n -= (size_t)k;
  }
  return 1;
}

/* --- in a worker -------------------------------------------------------------------------------------------------------- */

static void work(const struct cr_farm *f, int fd, void *result)
{
  uint32_t task;
  while (receive_all(fd, &task, sizeof task)) {
    struct cr_err err;
    memset(&err, 0, sizeof err);
    memset(result, 0, f->result_size);
    struct head head = {task, f->run(f->ctx, task, result, &err)};
    int ok = head.rc == CR_OK;
    if (!send_all(fd, &head, sizeof head) ||
        !send_all(fd, ok ? result : (const void *)&err, ok ? f->result_size : sizeof err))
      return;
  }
}

/* Into place i, of one that has gone or behind the last. */
static int hire(struct farm *farm, uint32_t i, struct cr_err *err)
{
  int fd[2];
  struct worker *w = &farm->worker[i];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) != 0)
    return cr_fail(err, CR_ERUN, "a worker process: no socket: %s; try with -j 1", strerror(errno));
  pid_t pid = fork();
  if (pid < 0) {
    close(fd[0]);
    close(fd[1]);
    return cr_fail(err, CR_ERUN, "a worker process cannot be made: %s; try with -j 1", strerror(errno));
  }
  if (pid == 0) {
    close(fd[0]);
    for (uint32_t k = 0; k < farm->n_worker; k++) /* of the others: they end when the caller closes them */
      if (k != i)
        close(farm->worker[k].fd);
    work(farm->cfg, fd[1], farm->result);
    _exit(0);
  }
  close(fd[1]);
  *w = (struct worker){.pid = pid, .fd = fd[0]};
  farm->poll[i] = (struct pollfd){.fd = fd[0], .events = POLLIN};
  farm->n_worker += i == farm->n_worker;
  return CR_OK;
}

/* --- in the caller -------------------------------------------------------------------------------------------------------- */

static int lost(const struct farm *farm, struct cr_err *err)
{
  if (stopped(farm->cfg))
    return CR_EINTR;
  return cr_fail(err, CR_ERUN, "a worker process ended before its work was done; try with -j 1 to see why");
}

static int give(struct farm *farm, struct worker *w, struct cr_err *err)
{
  if (farm->n_sent == farm->cfg->n_task)
    return CR_OK;
  uint32_t task = farm->n_sent++;
  w->busy = 1;
  w->task = task;
  return send_all(w->fd, &task, sizeof task) ? CR_OK : lost(farm, err);
}

/* A worker has ended in the middle of its task: says how, and has another in its place. */
static int replace(struct farm *farm, uint32_t i, struct cr_err *err)
{
  struct worker *w = &farm->worker[i];
  char sentence[80];
  int status = 0;
  if (stopped(farm->cfg) || !farm->cfg->lost)
    return lost(farm, err);
  close(w->fd);
  while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
    ;
  if (WIFSIGNALED(status))
    snprintf(sentence, sizeof sentence, "its process was ended by signal %d", WTERMSIG(status));
  else
    snprintf(sentence, sizeof sentence, "its process ended with status %d", WEXITSTATUS(status));
  uint32_t task = w->task;
  *w = (struct worker){.pid = -1, .fd = -1};
  farm->n_done++;
  int rc = farm->cfg->lost(farm->cfg->ctx, task, sentence, err);
  rc = rc ? rc : hire(farm, i, err);
  return rc == CR_OK ? give(farm, w, err) : rc;
}

static int take(struct farm *farm, uint32_t i, struct cr_err *err)
{
  struct worker *w = &farm->worker[i];
  struct head head;
  struct cr_err text;
  if (!receive_all(w->fd, &head, sizeof head))
    return replace(farm, i, err);
  if (head.rc != CR_OK) {
    if (!receive_all(w->fd, &text, sizeof text))
      return lost(farm, err);
    return cr_fail(err, head.rc, "%s", text.text);
  }
  if (!receive_all(w->fd, farm->result, farm->cfg->result_size))
    return replace(farm, i, err);
  w->busy = 0;
  farm->n_done++;
  int rc = give(farm, w, err); /* it works on while done is called */
  return rc ? rc : farm->cfg->done(farm->cfg->ctx, head.task, farm->result, err);
}

/* Workers may not have had the signal that the caller got; they end their tasks early when they get it. */
static void pass_stop(struct farm *farm)
{
  if (farm->told_to_stop || !stopped(farm->cfg))
    return;
  farm->told_to_stop = 1;
  for (uint32_t i = 0; i < farm->n_worker; i++)
    kill(farm->worker[i].pid, SIGTERM);
}

static int manage(struct farm *farm, struct cr_err *err)
{
  int rc = CR_OK;
  for (uint32_t i = 0; rc == CR_OK && i < farm->n_worker; i++)
    rc = give(farm, &farm->worker[i], err);
  while (rc == CR_OK && farm->n_done < farm->cfg->n_task) {
    pass_stop(farm);
    if (poll(farm->poll, farm->n_worker, 100) < 0 && errno != EINTR)
      return cr_fail(err, CR_ERUN, "waiting for worker processes: %s", strerror(errno));
    for (uint32_t i = 0; rc == CR_OK && i < farm->n_worker; i++) {
      if (!farm->poll[i].revents || !farm->worker[i].busy)
        continue;
      farm->poll[i].revents = 0;
      rc = take(farm, i, err);
    }
  }
  return rc;
}

/* A worker amid a task, after a failure, is not waited for. */
static void dismiss(struct farm *farm)
{
  for (uint32_t i = 0; i < farm->n_worker; i++) {
    struct worker *w = &farm->worker[i];
    if (w->pid < 0)
      continue; /* one that had to be replaced, and was not */
    close(w->fd);
    if (w->busy)
      kill(w->pid, SIGKILL);
    while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
      ;
  }
}

static int run_here(const struct cr_farm *f, void *result, struct cr_err *err)
{
  for (uint32_t task = 0; task < f->n_task; task++) {
    if (stopped(f))
      return CR_EINTR;
    memset(result, 0, f->result_size);
    int rc = f->run(f->ctx, task, result, err);
    if (rc == CR_OK)
      rc = f->done(f->ctx, task, result, err);
    if (rc != CR_OK)
      return rc;
  }
  return CR_OK;
}

int cr_farm_run(const struct cr_farm *f, struct cr_err *err)
{
  uint32_t n = cr_min_u32(f->n_worker, f->n_task);
  struct farm farm = {.cfg = f, .result = cr_mem_new(f->result_size, 1)};
  farm.worker = cr_mem_new(n + (size_t)1, sizeof *farm.worker);
  farm.poll = cr_mem_new(n + (size_t)1, sizeof *farm.poll);
  int rc = CR_OK;
  if (!farm.result || !farm.worker || !farm.poll) {
    rc = cr_fail_nomem(err, "worker processes");
  } else if (n == 0 || (n == 1 && !f->lost)) {
    rc = run_here(f, farm.result, err);
  } else {
    for (uint32_t i = 0; rc == CR_OK && i < n; i++)
      rc = hire(&farm, i, err);
    if (rc == CR_OK)
      rc = manage(&farm, err);
    dismiss(&farm);
  }
  cr_mem_free(farm.result);
  cr_mem_free(farm.worker);
  cr_mem_free(farm.poll);
  return rc;
}
