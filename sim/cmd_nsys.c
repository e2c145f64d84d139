/* cmd_nsys.c - `corun import nsys`.
 *
 * The store is committed when all files are read, and the device description, which was written beside, then gets its
 * name. */
#include "config.h"

#include "sim/cmd_nsys.h"

#include <stdio.h>
#include <string.h>

#include "sim/cli.h"
#include "sim/outfile.h"
#include "sim/progress.h"
#include "sim/text.h"
#include "traces/nsys.h"

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* "a100" of devices/a100.yaml. */
static void device_name(const char *path, char *out, size_t n)
{
  snprintf(out, n, "%s", base_name(path));
  char *dot = strrchr(out, '.');
  if (dot && dot != out)
    *dot = '\0';
}

static int check(const struct cr_import_nsys *a, struct cr_err *err)
{
  if (a->model && a->n_file > 1)
    return cr_fail(err, CR_EINPUT,
                   "--model names the models of one export, but there are %u files; import them one by one, or use "
                   "--prefix",
                   a->n_file);
  if (a->device_file && a->n_file > 1)
    return cr_fail(err, CR_EINPUT, "--device-file is of the GPU of one export, but there are %u files", a->n_file);
  return a->device_file ? cr_outfile_check(a->device_file, "device description", 0, err) : CR_OK;
}

static int read_files(struct cr_store *s, const struct cr_import_nsys *a, struct cr_text *said, struct cr_text *device,
                      uint32_t *n_model, struct cr_err *err)
{
  struct cr_progress *progress = cr_progress_new("import", a->n_file);
  char name[64] = "";
  if (a->device_file)
    device_name(a->device_file, name, sizeof name);
  const struct cr_nsys_options opt = {.model = a->model,
                                      .prefix = a->prefix,
                                      .replace = a->replace,
                                      .range = a->range,
                                      .origin = a->origin,
                                      .device = a->device_file ? device : NULL,
                                      .device_name = name,
                                      .said = said,
                                      .stop = cr_cli_stop(),
                                      .on_progress = progress ? cr_progress_update : NULL,
                                      .progress_ctx = progress};
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < a->n_file; i++) {
    uint32_t n = 0;
    cr_progress_part(progress, i, base_name(a->file[i]));
    rc = *opt.stop ? cr_fail(err, CR_EINTR, "stopped before %s; nothing was imported", base_name(a->file[i]))
                   : cr_nsys_import(s, a->file[i], &opt, &n, err);
    *n_model += n;
  }
  cr_progress_free(progress);
  return rc;
}

int cr_cmd_import_nsys(const struct cr_import_nsys *a, struct cr_err *err)
{
  struct cr_store *s = NULL;
  struct cr_outfile *file = NULL;
  struct cr_text said = {0}, device = {0};
  uint32_t n_model = 0;
  int rc = check(a, err);
  rc = rc ? rc : cr_store_edit(a->store, &s, err);
  rc = rc ? rc : read_files(s, a, &said, &device, &n_model, err);
  if (!rc && (said.failed || device.failed))
    rc = cr_fail_nomem(err, "what was imported");
  if (!rc && a->device_file)
    rc = cr_outfile_new(a->device_file, "device description", 0, &file, err);
  if (file)
    cr_outfile_add(file, device.s, device.n);
  rc = rc ? rc : cr_store_commit(s, err);
  cr_store_close(s);
  if (!rc && file)
    rc = cr_outfile_close(file, err);
  else
    cr_outfile_abandon(file);
  if (!rc) {
    printf("%s%u model%s imported\n", said.s ? said.s : "", n_model, n_model == 1 ? "" : "s");
    if (a->device_file)
      printf("%s: the GPU's limits; not calibrated\n", a->device_file);
  }
  cr_text_fini(&said);
  cr_text_fini(&device);
  return rc;
}
