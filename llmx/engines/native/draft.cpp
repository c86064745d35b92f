// A drafted block in one call: γ forwards, and a draw after each.
#include "forward.h"
#include "nucleus.h"

namespace llmx {
namespace {

struct Picked {
  int64_t* tokens;
  int64_t* bands;  // (3): what was drawn and what nearly was
  float* lead;
};

void pick(const float* z, const LlmxSampler& s, bool greedy, const float* u, Kept& kept,
          Picked out) {
  if (greedy) {
    Best best = best_of(z, s.vocab);
    *out.tokens = best.at;
    *out.lead = best.lead;
    return;
  }
  kept.from(z, s);
  for (int i = 0; i < 3; i++) out.bands[i] = kept.draw(u[i]);
  *out.tokens = out.bands[0];
}

// The largest probability at temperature 1.
float confidence(const float* z, int n) {
  F top = all(highest(z, n));
  Lanes total = lanes(0);
  over(z, n, -INFINITY, [&](const Lanes& v, int) {
    total = total + each(v, [&](F x) { return exp(x - top); });
  });
  return 1.0f / sum(total);
}

}  // namespace
}  // namespace llmx

extern "C" {

// Draft up to `width` tokens in each row.
//   pair, begin, last: the last two tokens of a row, where they stand, and which of them is the
//     last one (0 or 1): after a block that was accepted whole the draft has not seen its own end.
//   most: tokens that a row can use; row: which row of the cache each is.
//   u: (rows, width, 3), uniforms; greedy: take the arg-max instead.
//   stop_below: a row ends before a token if the largest probability there is under it, unless
//     blocks are to be whole; 0 = off.
//   logits: (rows, width, padded vocab), raw; tokens (rows, width); bands (rows, width, 3);
//   lead (rows, width); sure (rows, width): the largest probability, where stop_below asks for it.
void llmx_draft(const LlmxModel* model, const LlmxSampler* sampler, int rows, int width,
                const int64_t* pair, const int64_t* begin, const int64_t* last,
                const int64_t* most, const int64_t* row, LlmxCache* cache, const float* u,
                int greedy, float stop_below, int whole, float* logits, int64_t* tokens,
                int64_t* bands, float* lead, float* sure) {
  using namespace llmx;
  static thread_local Kept kept;
  int64_t stride = (model->vocab + 31) / 32 * 32;
  std::vector<float> fresh((size_t)rows * stride);
  std::vector<int64_t> open, token(2 * rows), slot(rows), end(rows), place(rows);
  for (int r = 0; r < rows; r++)
    if (most[r] > 0) open.push_back(r);
  for (int k = 0; k < width && !open.empty(); k++) {
    int count = (int)open.size();
    for (int i = 0; i < count; i++) {
      int64_t r = open[i];
      place[i] = row[r];
      end[i] = last[r];
      slot[i] = k ? begin[r] + last[r] + k : begin[r];
      if (k) token[i] = tokens[r * width + k - 1];
      else std::memcpy(&token[2 * i], pair + 2 * r, 2 * sizeof(int64_t));
    }
    llmx_forward(model, count, k ? 1 : 2, token.data(), slot.data(), place.data(), cache,
                 k ? nullptr : end.data(), fresh.data());
    std::vector<int64_t> still;
    for (int i = 0; i < count; i++) {
      int64_t r = open[i], at = r * width + k;
      const float* z = &fresh[i * stride];
      std::memcpy(logits + at * stride, z, sizeof(float) * stride);
      if (stop_below > 0) {
        sure[at] = confidence(z, sampler->vocab);
        if (sure[at] < stop_below && !whole) continue;
      }
      pick(z, *sampler, greedy, u + 3 * at, kept, {tokens + at, bands + 3 * at, lead + at});
      if (k + 1 < most[r]) still.push_back(r);
    }
    open.swap(still);
  }
}

}  // extern "C"
