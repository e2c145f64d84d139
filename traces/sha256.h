/* sha256.h - SHA-256 (FIPS 180-4) of a file, for provenance. */
#ifndef CR_SHA256_H
#define CR_SHA256_H
#include "sim/base.h"

struct cr_sha256 {
  uint32_t h[8];
  uint64_t n_byte;
  uint8_t block[64];
};

void cr_sha256_init(struct cr_sha256 *s);
void cr_sha256_add(struct cr_sha256 *s, const void *bytes, size_t n);
void cr_sha256_hex(struct cr_sha256 *s, char out[65]); /* ends it */

/* Of a file's bytes as they are. */
int cr_sha256_file(const char *path, char out[65], struct cr_err *err) CR_MUST;

#endif
