#include "forward.h"

#include <cmath>
#include <vector>

#include "product.h"

namespace llmx {
namespace {

inline int up(int n, int unit) { return (n + unit - 1) / unit * unit; }
inline int panels(int n) { return up(n, PANEL) / PANEL; }

struct Shape {
  int layers, hidden, heads, kv, dim, inter, vocab;
  int hidden_s, qkv, qkv_s, mix, mix_s, inter_s, dim_s;  // _s: the stride of a row
  explicit Shape(const LlmxModel& m)
      : layers(m.layers), hidden(m.hidden), heads(m.heads), kv(m.kv_heads), dim(m.head_dim),
        inter(m.intermediate), vocab(m.vocab), hidden_s(up(hidden, PANEL)),
        qkv((heads + 2 * kv) * dim), qkv_s(up(qkv, PANEL)), mix(heads * dim),
        mix_s(up(mix, PANEL)), inter_s(up(inter, PANEL)), dim_s(up(dim, 16)) {}
};

// y = x / sqrt(|x|² + floor): RMS norm over sqrt(hidden), which the next product's weights carry.
void norm(int count, const Shape& s, float floor, const float* x, float* y) {
  for (int n = 0; n < count; n++, x += s.hidden_s, y += s.hidden_s) {
    Lanes square = lanes(0);
    for (int h = 0; h < s.hidden_s; h += 16) {
      Lanes v = load16(x + h);
      square = fma(v, v, square);
    }
    float scale = 1.0f / std::sqrt(sum(square) + floor);
    for (int h = 0; h < s.hidden_s; h += W) store(y + h, load(x + h) * all(scale));
  }
}

// Turn q and k of one token to its position; pairs of a head are neighbours.
void rotate(float* z, int heads, int dim, const float* turn) {
  for (int h = 0; h < heads; h++, z += dim)
    for (int i = 0; i < dim; i += 2) {
      float a = z[i], b = z[i + 1];
      z[i] = __builtin_fmaf(a, turn[i], -(b * turn[i + 1]));
      z[i + 1] = __builtin_fmaf(a, turn[i + 1], b * turn[i]);
    }
}

// One head of one row in the cache of one layer.
struct Slots {
  float *keys, *values;
  Slots(const LlmxCache& c, const Shape& s, int layer, int64_t row, int head) {
    int64_t at = ((int64_t)layer * c.rows + row) * s.kv + head;
    keys = c.keys + at * c.capacity * s.dim;
    values = c.values + at * c.capacity * s.dim_s;
  }
  void put(int64_t slot, const float* k, const float* v, const Shape& s) {
    float* block = keys + slot / 16 * 16 * s.dim + slot % 16;
    for (int i = 0; i < s.dim; i++) block[16 * i] = k[i];
    std::memcpy(values + slot * s.dim_s, v, sizeof(float) * s.dim);
  }
};

// Scores of B blocks of 16 slots.
template <int B> inline void scores(const float* q, const float* keys, int dim, float* out) {
  Lanes acc[B];
  for (int b = 0; b < B; b++) acc[b] = lanes(0);
  for (int i = 0; i < dim; i++) {
    Lanes x = lanes(q[i]);
    for (int b = 0; b < B; b++) acc[b] = fma(x, load16(keys + (b * dim + i) * 16), acc[b]);
  }
  for (int b = 0; b < B; b++) store16(out + 16 * b, acc[b]);
}

// Weights of the slots before `seen`, and their sum; slots behind it get none.
float softmax(float* weight, int64_t seen) {
  int64_t end = (seen + 15) / 16 * 16;
  for (int64_t j = seen; j < end; j++) weight[j] = -1e30f;
  Lanes top = lanes(-1e30f), total = lanes(0);
  for (int64_t j = 0; j < end; j += 16)
    top = both(top, load16(weight + j), [](F a, F b) { return largest(a, b); });
  F most = all(largest(top));
  for (int64_t j = 0; j < end; j += 16) {
    Lanes p = each(load16(weight + j), [&](F v) { return exp(v - most); });
    store16(weight + j, p);
    total = total + p;
  }
  return sum(total);
}

// out = Σ weight[j] values[j] over the slots before `seen`, in their order.
template <int D> inline void mixed(const float* weight, int64_t seen, const float* values,
                                   int stride, float inverse, float* out) {
  F acc[D];
  for (int d = 0; d < D; d++) acc[d] = F{};
  for (int64_t j = 0; j < seen; j++) {
    F p = all(weight[j]);
    for (int d = 0; d < D; d++) acc[d] = fma(p, load(values + j * stride + d * W), acc[d]);
  }
  for (int d = 0; d < D; d++) store(out + d * W, acc[d] * all(inverse));
}

void attend(const float* q, const Slots& slots, int64_t seen, const Shape& s, float* weight,
            float* out) {
  int64_t j = 0;
  for (; j + 64 <= seen; j += 64) scores<4>(q, slots.keys + j * s.dim, s.dim, weight + j);
  for (; j < seen; j += 16) scores<1>(q, slots.keys + j * s.dim, s.dim, weight + j);
  float inverse = 1.0f / softmax(weight, seen);
  float held[16];
  for (int d = 0; d < s.dim;) {
    int left = s.dim - d;
    if (left >= 32) {
      mixed<32 / W>(weight, seen, slots.values + d, s.dim_s, inverse, out + d);
      d += 32;
      continue;
    }
    mixed<16 / W>(weight, seen, slots.values + d, s.dim_s, inverse, held);
    std::memcpy(out + d, held, sizeof(float) * (left < 16 ? left : 16));
    d += 16;
  }
}

// Ask for memory before it is needed: between two uses of a cache the weights have passed through.
void fetch(const float* p, int64_t count) {
  for (int64_t i = 0; i < count; i += 16) __builtin_prefetch(p + i);
}

struct Scratch {
  std::vector<float> x, unit, qkv, mix, ff, weight;
  void fit(const Shape& s, int64_t count, int64_t capacity) {
    grow(x, count * s.hidden_s);
    grow(unit, count * s.hidden_s);
    grow(qkv, count * s.qkv_s);
    grow(mix, count * s.mix_s);
    grow(ff, count * s.inter_s);
    grow(weight, capacity + 64);
  }
  static void grow(std::vector<float>& v, int64_t size) {
    if ((int64_t)v.size() < size) v.resize(size);
  }
};

struct Block {
  int rows, width;
  const int64_t *tokens, *start, *row;
  int64_t cache_row(int r) const { return row ? row[r] : r; }
};

void attention(const LlmxModel& m, const Shape& s, int layer, const Block& b, LlmxCache& cache,
               Scratch& work) {
  int group = s.heads / s.kv;
  for (int r = 0; r < b.rows; r++)
    for (int t = 0; t < b.width; t++) {
      int64_t position = b.start[r] + t;
      float* z = work.qkv.data() + (int64_t)(r * b.width + t) * s.qkv_s;
      rotate(z, s.heads + s.kv, s.dim, m.rotation + position * s.dim);
      for (int h = 0; h < s.kv; h++)
        Slots(cache, s, layer, b.cache_row(r), h)
            .put(position, z + (s.heads + h) * s.dim, z + (s.heads + s.kv + h) * s.dim, s);
    }
  for (int r = 0; r < b.rows; r++)
    for (int h = 0; h < s.heads; h++) {
      Slots slots(cache, s, layer, b.cache_row(r), h / group);
      int64_t reach = b.start[r] + b.width;
      if (h % group == 0) fetch(slots.values, reach * s.dim_s);
      if (h % group == 0 && h + group < s.heads)
        fetch(Slots(cache, s, layer, b.cache_row(r), h / group + 1).keys, reach * s.dim);
      for (int t = 0; t < b.width; t++) {
        int64_t n = (int64_t)r * b.width + t;
        attend(work.qkv.data() + n * s.qkv_s + h * s.dim, slots, b.start[r] + t + 1, s,
               work.weight.data(), work.mix.data() + n * s.mix_s + h * s.dim);
      }
    }
}

void body(const LlmxModel& m, const Shape& s, const Block& b, LlmxCache& cache, Scratch& work) {
  int count = b.rows * b.width;
  float *x = work.x.data(), *u = work.unit.data(), *ff = work.ff.data();
  for (int n = 0; n < count; n++)
    std::memcpy(x + (int64_t)n * s.hidden_s, m.embed + b.tokens[n] * s.hidden_s,
                sizeof(float) * s.hidden_s);
  for (int layer = 0; layer < s.layers; layer++) {
    const float* const* w = m.weights + 5 * layer;
    norm(count, s, m.floor, x, u);
    product<Then::store>(count, u, s.hidden_s, w[0], s.hidden, panels(s.qkv), work.qkv.data(),
                         s.qkv_s);
    attention(m, s, layer, b, cache, work);
    product<Then::add>(count, work.mix.data(), s.mix_s, w[1], s.mix, panels(s.hidden), x,
                       s.hidden_s);
    norm(count, s, m.floor, x, u);
    product<Then::silu>(count, u, s.hidden_s, w[2], s.hidden, panels(s.inter), ff, s.inter_s);
    product<Then::times>(count, u, s.hidden_s, w[3], s.hidden, panels(s.inter), ff, s.inter_s);
    product<Then::add>(count, ff, s.inter_s, w[4], s.inter, panels(s.hidden), x, s.hidden_s);
  }
}

void head(const LlmxModel& m, const Shape& s, const Block& b, const int64_t* wanted,
          float* logits, Scratch& work) {
  int count = b.rows * b.width;
  float *x = work.x.data(), *u = work.unit.data();
  if (wanted) {
    for (int r = 0; r < b.rows; r++)
      std::memmove(x + (int64_t)r * s.hidden_s, x + (r * b.width + wanted[r]) * s.hidden_s,
                   sizeof(float) * s.hidden_s);
    count = b.rows;
  }
  norm(count, s, m.floor, x, u);
  product<Then::store>(count, u, s.hidden_s, m.head, s.hidden, panels(s.vocab), logits,
                       up(s.vocab, PANEL));
}

thread_local Scratch scratch;

}  // namespace
}  // namespace llmx

extern "C" void llmx_forward(const LlmxModel* model, int rows, int width, const int64_t* tokens,
                             const int64_t* start, const int64_t* row, LlmxCache* cache,
                             const int64_t* wanted, float* logits) {
  using namespace llmx;
  Shape s(*model);
  Block b{rows, width, tokens, start, row};
  scratch.fit(s, (int64_t)rows * width, cache->capacity);
  body(*model, s, b, *cache, scratch);
  if (logits) head(*model, s, b, wanted, logits, scratch);
}
