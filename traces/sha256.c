/* sha256.c - SHA-256 as in FIPS 180-4, sections 4 to 6. */
#include "config.h"

#include "traces/sha256.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* FIPS 180-4, 4.2.2: the first 32 bits of the fractions of the cube roots of the first 64 primes. */
static const uint32_t k[64] = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t ror(uint32_t x, int n)
{
  return x >> n | x << (32 - n);
}

/* One step of 6.2.2.  The eight variables stand still and their names move on: in step t, a is v[-t & 7]. */
static inline void step(uint32_t v[8], int t, uint32_t kw)
{
  uint32_t a = v[-t & 7], b = v[(1 - t) & 7], c = v[(2 - t) & 7], e = v[(4 - t) & 7], f = v[(5 - t) & 7],
           g = v[(6 - t) & 7];
  uint32_t t1 = v[(7 - t) & 7] + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + ((e & f) ^ (~e & g)) + kw;
  v[(3 - t) & 7] += t1;
  v[(7 - t) & 7] = t1 + (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
}

static void mix(uint32_t h[8], const uint8_t *block)
{
  uint32_t w[64], v[8];
  for (int t = 0; t < 16; t++)
    w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 | (uint32_t)block[4 * t + 2] << 8 |
           (uint32_t)block[4 * t + 3];
  for (int t = 16; t < 64; t++) {
    uint32_t s0 = ror(w[t - 15], 7) ^ ror(w[t - 15], 18) ^ w[t - 15] >> 3;
    uint32_t s1 = ror(w[t - 2], 17) ^ ror(w[t - 2], 19) ^ w[t - 2] >> 10;
    w[t] = w[t - 16] + s0 + w[t - 7] + s1;
  }
  memcpy(v, h, sizeof v);
  for (int t = 0; t < 64; t += 8) {
    step(v, 0, k[t] + w[t]);
    step(v, 1, k[t + 1] + w[t + 1]);
    step(v, 2, k[t + 2] + w[t + 2]);
    step(v, 3, k[t + 3] + w[t + 3]);
    step(v, 4, k[t + 4] + w[t + 4]);
    step(v, 5, k[t + 5] + w[t + 5]);
    step(v, 6, k[t + 6] + w[t + 6]);
    step(v, 7, k[t + 7] + w[t + 7]);
  }
  for (int i = 0; i < 8; i++)
    h[i] += v[i];
}

void cr_sha256_init(struct cr_sha256 *s)
{
  /* FIPS 180-4, 5.3.3 */
  *s = (struct cr_sha256){
    .h = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void cr_sha256_add(struct cr_sha256 *s, const void *bytes, size_t n)
{
  const uint8_t *p = bytes;
  while (n) {
    size_t at = s->n_byte % 64, take = 64 - at < n ? 64 - at : n;
    memcpy(s->block + at, p, take);
    s->n_byte += take;
    p += take;
    n -= take;
    if (at + take == 64)
      mix(s->h, s->block);
  }
}

void cr_sha256_hex(struct cr_sha256 *s, char out[65])
{
  static const uint8_t pad[64] = {0x80};
  uint64_t n_bit = s->n_byte * 8;
  size_t at = s->n_byte % 64;
  cr_sha256_add(s, pad, at < 56 ? 56 - at : 120 - at);
  uint8_t length[8];
  for (int i = 0; i < 8; i++)
    length[i] = (uint8_t)(n_bit >> (56 - 8 * i));
  cr_sha256_add(s, length, sizeof length);
  for (int i = 0; i < 8; i++)
    snprintf(out + 8 * i, 9, "%08x", s->h[i]);
}

int cr_sha256_file(const char *path, char out[65], struct cr_err *err)
{
  FILE *f = fopen(path, "rb");
  if (!f)
    return cr_fail(err, CR_EINPUT, "%s: cannot be read: %s", path, strerror(errno));
  struct cr_sha256 s;
  cr_sha256_init(&s);
  uint8_t buf[4096];
  size_t n;
  while ((n = fread(buf, 1, sizeof buf, f)) > 0)
    cr_sha256_add(&s, buf, n);
  int bad = ferror(f);
  fclose(f);
  if (bad)
    return cr_fail(err, CR_EINPUT, "%s: cannot be read to its end", path);
  cr_sha256_hex(&s, out);
  return CR_OK;
}
