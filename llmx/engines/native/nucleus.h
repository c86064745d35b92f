// From a row of logits to what tokens are drawn from: temperature, top-k, top-p, an inverse-CDF draw.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "lanes.h"

extern "C" {
// How tokens are drawn from `vocab` logits. temperature 0 = arg-max; top_k 0 = off.
struct LlmxSampler {
  int32_t vocab, top_k;
  float temperature, top_p;
};
}

namespace llmx {

inline bool any(I mask) {
#if defined(__AVX512F__) && LLMX_WIDTH == 16
  return _mm512_test_epi32_mask((__m512i)mask, (__m512i)mask) != 0;
#elif defined(__AVX2__) && LLMX_WIDTH == 8
  return !_mm256_testz_si256((__m256i)mask, (__m256i)mask);
#else
  int32_t found = 0;
  for (int i = 0; i < W; i++) found |= mask[i];
  return found != 0;
#endif
}

// Apply f(sixteen numbers, where they begin) to a row; the last lanes are filled up.
template <class Function> inline void over(const float* z, int n, float fill, Function f) {
  int i = 0;
  for (; i + 16 <= n; i += 16) f(load16(z + i), i);
  if (i < n) f(load_some(z + i, n - i, fill), i);
}

inline float highest(const float* z, int n) {
  Lanes top = lanes(-INFINITY);
  over(z, n, -INFINITY, [&](const Lanes& v, int) {
    top = both(top, v, [](F a, F b) { return largest(a, b); });
  });
  return largest(top);
}

// The first of the largest, and how far it is above the second.
struct Best {
  int64_t at = 0;
  float lead = INFINITY;
};

inline Best best_of(const float* z, int n) {
  Best found;
  float top = highest(z, n), second = -INFINITY;
  while (found.at < n - 1 && !(z[found.at] == top)) found.at++;
  if (n == 1) return found;
  second = std::max(highest(z, (int)found.at), highest(z + found.at + 1, n - (int)found.at - 1));
  found.lead = top - second;
  return found;
}

// The tokens that may be drawn, in the order of the vocabulary, and their weights.
class Kept {
 public:
  // z: (vocab). Tokens that tie with the last one kept by top-k or top-p are kept too.
  void from(const float* z, const LlmxSampler& s) {
    int n = s.vocab;
    weight_.resize(((size_t)n + 15) / 16 * 16);
    float top = highest(z, n), inverse = 1.0f / s.temperature;
    Lanes total = lanes(0);
    over(z, n, -INFINITY, [&](const Lanes& v, int at) {
      Lanes w = each(v, [&](F x) { return exp((x - all(top)) * all(inverse)); });
      store16(&weight_[at], w);
      total = total + w;
    });
    // Where a logit is no number these have a weight too, and are no tokens.
    std::fill(weight_.begin() + n, weight_.end(), 0.0f);
    double mass = sum(total);
    edge_ = 0;
    if (s.top_k > 0 && s.top_k < n) mass = cut_to(s.top_k);
    if (s.top_p < 1) edge_ = std::max(edge_, nucleus_edge(s.top_p * mass));
    collect();
  }

  // Probability of a token.
  float chance(int64_t token) const {
    float w = weight_[token];
    return w >= edge_ && w > 0 ? (float)(w / mass_) : 0.0f;
  }

  // What w p is above q, summed over the tokens.
  float above(float w, const Kept& q) const {
    double left = 0;
    for (size_t i = 0; i < ids_.size(); i++) {
      float rest = w * (float)(held_[i] / mass_) - q.chance(ids_[i]);
      if (rest > 0) left += rest;
    }
    return (float)left;
  }

  // In nats.
  float entropy() const {
    double found = 0;
    for (float held : held_) {
      double p = held / mass_;
      if (p > 0) found -= p * std::log(p);
    }
    return (float)found;
  }

  // Probability of the tokens that a test picks.
  template <class Test> float mass_if(Test picked) const {
    double found = 0;
    for (size_t i = 0; i < ids_.size(); i++)
      if (picked(ids_[i])) found += held_[i];
    return (float)(found / mass_);
  }

  // Take q away and keep what is left of each token: max(0, w p - q); p itself if nothing is.
  template <class Chance> void subtract(float w, Chance q) {
    double left = 0;
    spare_.assign(held_.begin(), held_.end());
    for (size_t i = 0; i < ids_.size(); i++) {
      float rest = w * (float)(held_[i] / mass_) - q(ids_[i]);
      held_[i] = rest > 0 ? rest : 0.0f;
      left += held_[i];
    }
    if (left > 0) mass_ = left;
    else held_.swap(spare_);
  }

  // The first token whose cumulative weight exceeds u times the mass.
  int64_t draw(float u) const {
    double passed = 0, goal = (double)u * mass_;
    for (size_t i = 0; i < ids_.size(); i++) {
      passed += held_[i];
      if (passed > goal) return ids_[i];
    }
    return ids_.empty() ? 0 : last();
  }

 private:
  int64_t last() const {  // rounding: the last token that has any weight
    size_t i = ids_.size() - 1;
    while (i > 0 && !(held_[i] > 0)) i--;
    return ids_[i];
  }

  void collect() {
    ids_.clear();
    held_.clear();
    mass_ = 0;
    at_least(edge_ > 0 ? edge_ : 1e-45f, [&](int i) {
      ids_.push_back(i);
      held_.push_back(weight_[i]);
      mass_ += weight_[i];
    });
  }

  template <class Function> void at_least(float least, Function f) const {
    for (size_t i = 0; i < weight_.size(); i += W) {
      if (!any(load(&weight_[i]) >= all(least))) continue;
      for (size_t j = i; j < i + W; j++)
        if (weight_[j] >= least) f((int)j);
    }
  }

  // Set the edge so that the k largest stay; return their mass.
  double cut_to(int k) {
    order_.assign(weight_.begin(), weight_.end());
    std::nth_element(order_.begin(), order_.begin() + (k - 1), order_.end(),
                     std::greater<float>());
    edge_ = order_[k - 1];
    double mass = 0;
    at_least(edge_, [&](int i) { mass += weight_[i]; });
    return mass;
  }

  // The smallest weight in the smallest set of the largest that reaches `need`.
  float nucleus_edge(double need) {
    double mass = 0;
    order_.clear();
    at_least(FIRST_CUT, [&](int i) { mass += weight_[i]; order_.push_back(weight_[i]); });
    if (mass >= need && order_.size() <= FEW) return edge_in_order(0, need);
    return edge_by_bins(need);
  }

  float edge_in_order(double passed, double need) {
    std::sort(order_.begin(), order_.end(), std::greater<float>());
    float edge = 0;
    for (float w : order_) {
      if (passed >= need) break;
      passed += w;
      edge = w;
    }
    return edge;
  }

  // A wide nucleus: weights in (0, 1] fall into bins by their leading bits, and only the bin that
  // holds the edge is sorted.
  float edge_by_bins(double need) {
    bins_.assign(BINS, 0.0);
    at_least(1e-45f, [&](int i) { bins_[bin(weight_[i])] += weight_[i]; });
    double passed = 0;
    int at = 0;
    while (at < BINS - 1 && passed + bins_[at] < need) passed += bins_[at++];
    order_.clear();
    at_least(1e-45f, [&](int i) { if (bin(weight_[i]) == at) order_.push_back(weight_[i]); });
    return edge_in_order(passed, need);
  }

  static int bin(float w) {
    int32_t bits;
    std::memcpy(&bits, &w, 4);
    return std::min(0x3f80 - (bits >> 16), BINS - 1);
  }

  static constexpr float FIRST_CUT = 0.02f;  // of the largest weight: what a narrow nucleus holds
  static constexpr size_t FEW = 512;
  static constexpr int BINS = 4096;
  std::vector<float> weight_, held_, spare_, order_;
  std::vector<int32_t> ids_;
  std::vector<double> bins_;
  double mass_ = 0;
  float edge_ = 0;
};

}  // namespace llmx
