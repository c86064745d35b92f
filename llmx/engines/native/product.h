// Products with weights that are kept in panels of 32 columns: [out / 32][in][32].
//
// Every output is one chain of fused multiply-adds in the order of the inputs, whatever the number
// of rows and however they are grouped: so a row's result never depends on its neighbours.
#pragma once
#include "lanes.h"

namespace llmx {

constexpr int PANEL = 32;
constexpr int VECTORS = PANEL / W;  // registers across a panel

enum class Then { store, add, silu, times };

inline F silu(F v) { return v / (all(1.0f) + exp(-v)); }

template <Then then> inline void put(float* y, F v) {
  if (then == Then::add) v = v + load(y);
  if (then == Then::silu) v = silu(v);
  if (then == Then::times) v = v * load(y);
  store(y, v);
}

constexpr int AHEAD = 96;  // inputs: what arrives from the third level of the cache meanwhile
inline void ahead(const float* line) {
  __builtin_prefetch(line);
  __builtin_prefetch(line + 16);
}

// M rows times P panels; all sums stay in registers.
template <Then then, int M, int P>
inline void tile(const float* x, int64_t x_stride, const float* w, int in, float* y,
                 int64_t y_stride) {
  F acc[M][P * VECTORS];
  for (int m = 0; m < M; m++)
    for (int j = 0; j < P * VECTORS; j++) acc[m][j] = F{};
  for (int k = 0; k < in; k++) {
    // A panel is read as fast as memory gives it where rows are few; one row alone reads several
    // panels side by side, which is as good.
    if (M > 1)
      for (int p = 0; p < P; p++) ahead(w + ((int64_t)p * in + k + AHEAD) * PANEL);
    F b[P * VECTORS];
    for (int p = 0; p < P; p++)
      for (int v = 0; v < VECTORS; v++)
        b[p * VECTORS + v] = load(w + ((int64_t)p * in + k) * PANEL + v * W);
    for (int m = 0; m < M; m++) {
      F s = all(x[m * x_stride + k]);
      for (int j = 0; j < P * VECTORS; j++) acc[m][j] = fma(s, b[j], acc[m][j]);
    }
  }
  for (int m = 0; m < M; m++)
    for (int j = 0; j < P * VECTORS; j++) put<then>(y + m * y_stride + j * W, acc[m][j]);
}

// As many sums as hide the latency of the adders and still fit the registers: 32 of 64 bytes,
// 16 of less.
#if LLMX_WIDTH == 16 && defined(__AVX512F__)
constexpr int MOST_ROWS = 6, WIDE = 2, ALONE = 4;
#elif LLMX_WIDTH >= 8
constexpr int MOST_ROWS = 3, WIDE = 1, ALONE = 3;
#else
constexpr int MOST_ROWS = 2, WIDE = 1, ALONE = 1;
#endif

template <Then then, int M, int P>
inline void across(const float* x, int64_t x_stride, const float* w, int in, int panels, float* y,
                   int64_t y_stride) {
  int p = 0;
  for (; p + P <= panels; p += P)
    tile<then, M, P>(x, x_stride, w + (int64_t)p * in * PANEL, in, y + p * PANEL, y_stride);
  for (; p < panels; p++)
    tile<then, M, 1>(x, x_stride, w + (int64_t)p * in * PANEL, in, y + p * PANEL, y_stride);
}

template <Then then, int M>
inline void few(int rows, const float* x, int64_t x_stride, const float* w, int in, int panels,
                float* y, int64_t y_stride) {
  if constexpr (M > 0) {
    if (rows != M) return few<then, M - 1>(rows, x, x_stride, w, in, panels, y, y_stride);
    // A single row has few sums: more panels side by side keep the adders busy.
    across<then, M, M == 1 ? ALONE : WIDE>(x, x_stride, w, in, panels, y, y_stride);
  }
}

// y = then(x @ w). x (rows, in) with any stride; y (rows, panels * 32).
template <Then then>
inline void product(int rows, const float* x, int64_t x_stride, const float* w, int in, int panels,
                    float* y, int64_t y_stride) {
  if (rows <= MOST_ROWS) return few<then, MOST_ROWS>(rows, x, x_stride, w, in, panels, y, y_stride);
  // Panels outside, rows inside: a panel is read from memory once.
  for (int p = 0; p < panels; p += WIDE) {
    int width = panels - p < WIDE ? panels - p : WIDE;
    const float* part = w + (int64_t)p * in * PANEL;
    float* out = y + p * PANEL;
    int left = rows, at = 0;
    while (left) {
      int take = left >= MOST_ROWS ? MOST_ROWS : left;
      if (left == MOST_ROWS + 1 && left > 2) take = (left + 1) / 2;  // 2 + 2 rather than 3 + 1
      few<then, MOST_ROWS>(take, x + at * x_stride, x_stride, part, in, width, out + at * y_stride,
                           y_stride);
      at += take;
      left -= take;
    }
  }
}

}  // namespace llmx
