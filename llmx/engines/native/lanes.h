// Vectors of floats, and the elementary functions, with the same bits on every processor.
//
// Three rules make them so. A sum over many numbers always has 16 running parts, whatever the width
// of a register. Every fused multiply-add is written down (`fma`) and the compiler may form no other
// (-ffp-contract=off). `exp` and `log` are ours: those of a library differ from machine to machine.
#pragma once
#include <cstdint>
#include <cstring>
#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace llmx {

#if !defined(LLMX_WIDTH)
#if defined(__AVX512F__)
#define LLMX_WIDTH 16
#elif defined(__AVX2__)
#define LLMX_WIDTH 8
#else
#define LLMX_WIDTH 4
#endif
#endif

constexpr int W = LLMX_WIDTH;  // floats of one register
typedef float F __attribute__((vector_size(4 * LLMX_WIDTH), aligned(4), may_alias));
typedef int32_t I __attribute__((vector_size(4 * LLMX_WIDTH), aligned(4), may_alias));

inline F load(const float* p) { return *reinterpret_cast<const F*>(p); }
inline void store(float* p, F v) { *reinterpret_cast<F*>(p) = v; }
inline F all(float x) { return F{} + x; }

inline F fma(F a, F b, F c) {
#if defined(__AVX512F__) && LLMX_WIDTH == 16
  return (F)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__FMA__) && LLMX_WIDTH == 16
  typedef float Half __attribute__((vector_size(32), aligned(4), may_alias));
  union { F whole; Half half[2]; } x{a}, y{b}, z{c};
  for (int i = 0; i < 2; i++)
    z.half[i] = (Half)_mm256_fmadd_ps((__m256)x.half[i], (__m256)y.half[i], (__m256)z.half[i]);
  return z.whole;
#elif defined(__FMA__) && LLMX_WIDTH == 8
  return (F)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__ARM_NEON) && LLMX_WIDTH == 4
  return (F)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
  F r;
  for (int i = 0; i < W; i++) r[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return r;
#endif
}

inline F largest(F a, F b) { return a > b ? a : b; }
inline F least(F a, F b) { return a < b ? a : b; }

// exp, to about 1e-7 of its value; 0 below -87, the value at 88 above that.
// 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2] (coefficients of Cephes' expf).
inline F exp(F x) {
  F kept = least(largest(x, all(-87.f)), all(88.f));
  const F magic = all(12582912.f);  // adding it rounds to a whole number
  F n = fma(kept, all(1.44269504f), magic) - magic;
  F r = fma(n, all(-0.693145752f), kept);
  r = fma(n, all(-1.42860677e-6f), r);
  F p = all(1.9875691e-4f);
  p = fma(p, r, all(1.3981999e-3f));
  p = fma(p, r, all(8.3334519e-3f));
  p = fma(p, r, all(4.1665796e-2f));
  p = fma(p, r, all(1.6666666e-1f));
  p = fma(p, r, all(0.5f));
  p = fma(p * r, r, r) + 1.0f;
  I exponent = (__builtin_convertvector(n, I) + 127) << 23;
  F value = p * (F)exponent;
  return x < all(-87.f) ? F{} : value;
}

// log of a positive normal number, to about 1e-7 (coefficients of Cephes' logf).
inline F log(F x) {
  I bits = (I)x;
  I e = ((bits - 0x3f3504f3) >> 23);
  F f = (F)(bits - (e << 23)) - 1.0f;
  F n = __builtin_convertvector(e, F), z = f * f;
  F p = all(7.0376836292e-2f);
  p = fma(p, f, all(-1.1514610310e-1f));
  p = fma(p, f, all(1.1676998740e-1f));
  p = fma(p, f, all(-1.2420140846e-1f));
  p = fma(p, f, all(1.4249322787e-1f));
  p = fma(p, f, all(-1.6668057665e-1f));
  p = fma(p, f, all(2.0000714765e-1f));
  p = fma(p, f, all(-2.4999993993e-1f));
  p = fma(p, f, all(3.3333331174e-1f));
  F tail = fma(z, all(-0.5f), f * z * p);
  return fma(n, all(0.693359375f), f + fma(n, all(-2.12194440e-4f), tail));
}

inline float log1(float x) { return log(all(x))[0]; }

// Sixteen floats, in as many registers as it takes: the unit in which sums are kept.
struct Lanes {
  static constexpr int parts = 16 / W;
  F part[parts];
};

inline Lanes lanes(float x) {
  Lanes r;
  for (int i = 0; i < Lanes::parts; i++) r.part[i] = all(x);
  return r;
}
inline Lanes load16(const float* p) {
  Lanes r;
  for (int i = 0; i < Lanes::parts; i++) r.part[i] = load(p + i * W);
  return r;
}
inline void store16(float* p, const Lanes& v) {
  for (int i = 0; i < Lanes::parts; i++) store(p + i * W, v.part[i]);
}
// The first `count` (1 to 16) numbers of p, and `fill` behind them.
inline Lanes load_some(const float* p, int count, float fill) {
  float held[16];
  for (int i = 0; i < 16; i++) held[i] = i < count ? p[i] : fill;
  return load16(held);
}
template <class Function> inline Lanes each(const Lanes& a, Function f) {
  Lanes r;
  for (int i = 0; i < Lanes::parts; i++) r.part[i] = f(a.part[i]);
  return r;
}
template <class Function> inline Lanes both(const Lanes& a, const Lanes& b, Function f) {
  Lanes r;
  for (int i = 0; i < Lanes::parts; i++) r.part[i] = f(a.part[i], b.part[i]);
  return r;
}
inline Lanes fma(const Lanes& a, const Lanes& b, const Lanes& c) {
  Lanes r;
  for (int i = 0; i < Lanes::parts; i++) r.part[i] = fma(a.part[i], b.part[i], c.part[i]);
  return r;
}
inline Lanes operator+(const Lanes& a, const Lanes& b) {
  return both(a, b, [](F x, F y) { return x + y; });
}

// Sixteen parts to one number, always in this order.
inline float sum(const Lanes& v) {
  float held[16];
  store16(held, v);
  for (int step = 8; step; step /= 2)
    for (int i = 0; i < step; i++) held[i] = held[i] + held[i + step];
  return held[0];
}
inline float largest(const Lanes& v) {
  float held[16], top;
  store16(held, v);
  top = held[0];
  for (int i = 1; i < 16; i++) top = held[i] > top ? held[i] : top;
  return top;
}

}  // namespace llmx
