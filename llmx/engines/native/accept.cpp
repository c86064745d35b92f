// What an accept rule reads of a drafted block, and the draw of the token that follows.
//
// Numbers only: the rules that decide from them are llmx/decoding's. Where the caller allows
// it, a row ends at its first rejection, for nothing behind it is ever emitted.
#include "nucleus.h"

extern "C" {

enum LlmxDivergence { NONE = -1, JS, AG, KL, KL_REVERSED, TV, DRAFT_TOKEN };
// What else a rule reads; llmx/decoding says what for.
enum LlmxAside { NOTHING, LEFT, SPREAD, TOP, GAP, LEVEL };

struct LlmxRule {
  int32_t divergence;  // of the raw distributions
  int32_t ratio;       // p and q of the drafted token, warped
  int32_t one_hot;     // q is one-hot
  int32_t first;       // the target's arg-max and its lead
  int32_t aside;
  int32_t stop;        // end a row at its first rejection
  float floor;         // least raw p of a token that passes by divergence
  float slack;         // of LEVEL: how far under the largest logit a token is kept
};
}

namespace llmx {
namespace {

constexpr float FLOOR = -1e5f;  // of log-probabilities: their products with 0 are 0, not NaN

// NaN where a logit is no number, or nothing is left: what is compared with it is not accepted.
float log_sum(const float* z, int n) {
  F top = all(highest(z, n));
  Lanes total = lanes(0);
  over(z, n, -INFINITY, [&](const Lanes& v, int) {
    total = total + each(v, [&](F x) { return x == x ? exp(x - top) : all(NAN); });
  });
  float found = sum(total);
  return std::isfinite(top[0]) && found > 0 ? top[0] + log1(found) : NAN;
}

// (1-s) ln(1-s) + (1+s) ln(1+s): what a token adds to twice JS / m, zero where p = q.
inline F rise(F p, F q) {
  F m = p + q;
  F s = (q - p) / (m + all(1e-38f));
  F low = largest(1.0f - s, all(1e-38f)), high = largest(1.0f + s, all(1e-38f));
  return fma(low, log(low), high * log(high)) * m;
}

template <class Term> float total(const float* a, const float* b, int n, float la, float lb, Term f) {
  Lanes found = lanes(0);
  int i = 0;
  auto add = [&](const Lanes& va, const Lanes& vb) {
    found = found + both(va, vb, [&](F x, F y) {
      F lp = largest(x - all(la), all(FLOOR)), lq = largest(y - all(lb), all(FLOOR));
      return f(lp, lq, exp(lp), exp(lq));
    });
  };
  for (; i + 16 <= n; i += 16) add(load16(a + i), load16(b + i));
  if (i < n) add(load_some(a + i, n - i, -INFINITY), load_some(b + i, n - i, -INFINITY));
  return sum(found);
}

float not_negative(float x) { return x < 0 ? 0.0f : x; }

float js(const float* a, const float* b, int n, float la, float lb) {
  return not_negative(0.25f * total(a, b, n, la, lb, [](F, F, F p, F q) { return rise(p, q); }));
}

float divergence(int kind, const float* a, const float* b, int n, float la, float lb, int64_t c) {
  if (std::isnan(la) || std::isnan(lb)) return NAN;
  auto of = [&](auto f) { return total(a, b, n, la, lb, f); };
  switch (kind) {
    case JS:
      return js(a, b, n, la, lb);
    case AG:
      return not_negative(
          0.25f * of([](F lp, F lq, F p, F q) { return (q - p) * (lq - lp); }) -
          js(a, b, n, la, lb));
    case KL:
      return not_negative(of([](F lp, F lq, F, F q) { return q * (lq - lp); }));
    case KL_REVERSED:
      return not_negative(of([](F lp, F lq, F p, F) { return p * (lp - lq); }));
    case TV:
      return 0.5f * of([](F, F, F p, F q) { return largest(p - q, q - p); });
    default: {
      float d = exp(all(a[c] - la))[0] - exp(all(b[c] - lb))[0];
      return d < 0 ? -d : d;
    }
  }
}

struct Numbers {
  float *d, *chance, *p, *q, *lead, *aside, *beside;
  int64_t* best;
};

// One column: its logits, its distributions, and how much of the target the tokens before leave.
struct Column {
  const float *a, *b;
  int64_t token;
  Kept own, other;
  float weight;
};

constexpr int FEW_TOP = 3;

// -sum p ln p over the largest logits.
float top_entropy(const float* z, int n) {
  float top[FEW_TOP];
  std::fill(top, top + FEW_TOP, -INFINITY);
  for (int i = 0; i < n; i++) {
    float x = z[i];
    for (int k = 0; k < FEW_TOP; k++)
      if (x > top[k]) std::swap(x, top[k]);
  }
  float l = log_sum(z, n), found = 0;
  if (std::isnan(l)) return NAN;
  for (int k = 0; k < std::min(FEW_TOP, n); k++) {
    float lp = std::max(top[k] - l, FLOOR);
    found -= exp(all(lp))[0] * lp;
  }
  return found;
}

// What the rule reads besides; whether the token stands by it.
bool read_aside(const LlmxRule& rule, const LlmxSampler& s, Column& at, float u, double limit,
                Numbers out) {
  const int n = s.vocab;
  float p = *out.p, q = *out.q;
  *out.beside = 0;
  switch (rule.aside) {
    case LEFT:
      *out.aside = rule.one_hot ? at.weight * (1.0f - p) : at.own.above(at.weight, at.other);
      at.weight = std::min(at.weight * (p / std::max(q, 1e-30f)), 1.0f);
      return true;
    case SPREAD: {
      float h = *out.aside = rule.ratio ? at.own.entropy() : 0.0f;
      float power = p * std::exp(h);
      return std::max(p, power * power) > limit;
    }
    case TOP:
      *out.aside = top_entropy(at.a, n);
      return true;
    case GAP: {
      float la = log_sum(at.a, n), lb = log_sum(at.b, n);
      *out.aside = exp(all(highest(at.a, n) - la))[0] - exp(all(highest(at.b, n) - lb))[0];
      if (!rule.ratio) *out.beside = *out.best == at.token ? 0.0f : 1.0f;
      else *out.beside = rule.one_hot ? 1.0f - p : at.other.above(1.0f, at.own);
      return *out.aside <= limit * *out.beside;
    }
    case LEVEL: {
      float top = highest(at.a, n), level = top + rule.slack;
      *out.aside = exp(all(at.a[at.token] - top))[0];
      if (!rule.ratio || rule.one_hot) *out.beside = at.a[at.token] < level ? 1.0f : 0.0f;
      else *out.beside = at.other.mass_if([&](int64_t i) { return at.a[i] < level; });
      return 1.0f - *out.aside <= limit || (rule.ratio && u * q < *out.beside * p);
    }
    default:
      return false;
  }
}

// Whether the token may still stand; false ends the row.
bool read(const LlmxRule& rule, const LlmxSampler& s, Column& at, float u, double limit,
          Numbers out) {
  const float *a = at.a, *b = at.b;
  const int64_t c = at.token;
  bool stands = false;
  if (rule.divergence != NONE) {
    float la = log_sum(a, s.vocab), lb = log_sum(b, s.vocab);
    *out.d = divergence(rule.divergence, a, b, s.vocab, la, lb, c);
    *out.chance = exp(all(std::max(a[c] - la, FLOOR)))[0];
    stands = *out.d <= limit && !(*out.chance < rule.floor);
  }
  if (rule.ratio) {
    at.own.from(a, s);
    *out.p = at.own.chance(c);
    *out.q = 1;
    if (!rule.one_hot) {
      at.other.from(b, s);
      *out.q = at.other.chance(c);
    }
    // Typical acceptance reads p alone, and a cascade's target is a mixture.
    if (rule.aside != SPREAD && rule.aside != LEVEL) stands = stands || u * *out.q < *out.p;
  }
  if (rule.first) {
    Best best = best_of(a, s.vocab);
    *out.best = best.at;
    *out.lead = best.lead;
    stands = stands || best.at == c;
  }
  if (rule.aside) stands = read_aside(rule, s, at, u, limit, out) || stands;
  return stands;
}

}  // namespace
}  // namespace llmx

extern "C" {

// Read a drafted block.
//   p (rows, width + 1, p_stride) and q (rows, width, q_stride): raw logits of target and draft.
//   tokens (rows, width); valid (rows): how many of them count; u (rows, width);
//   limit (rows, width): the threshold of each token.
//   Out, (rows, width) each; what was not looked at stays as it was.
void llmx_compare(const LlmxRule* rule, const LlmxSampler* sampler, int rows, int width,
                  const float* p, int64_t p_stride, const float* q, int64_t q_stride,
                  const int64_t* tokens, const int64_t* valid, const float* u, const double* limit,
                  float* d, float* chance, float* pc, float* qc, float* lead, int64_t* best,
                  float* aside) {
  static thread_local llmx::Column column;
  for (int r = 0; r < rows; r++) {
    column.weight = 1;
    for (int k = 0; k < (rule->stop || rule->aside ? valid[r] : width); k++) {
      int64_t at = (int64_t)r * width + k;
      column.a = p + (at + r) * p_stride, column.b = q + at * q_stride, column.token = tokens[at];
      llmx::Numbers out{d + at,    chance + at, pc + at,
                        qc + at,   lead + at,   aside + at,
                        aside + (int64_t)rows * width + at, best + at};
      bool stands = llmx::read(*rule, *sampler, column, u[at], limit[at], out);
      if (!stands && rule->stop) break;
    }
  }
}

// Draw a token of each row from the target, or from what is left of it after a rejection.
//   at: which row of p (of p_stride numbers); q_at: which of q, -1 where nothing was rejected.
//   token: what was rejected; one_hot: q is one-hot on it.
//   weight (rows): of the target in what q is taken from; null = 1.
//   slack: tokens whose target logit is at most this under the largest keep q's share too.
//   u (rows, 3); out (rows, 3); lead (rows), written where temperature is 0.
void llmx_follow(const LlmxSampler* sampler, int rows, const float* p, int64_t p_stride,
                 const int64_t* at, const float* q, int64_t q_stride, const int64_t* q_at,
                 const int64_t* token, int one_hot, const float* weight, float slack,
                 const float* u, int64_t* out, float* lead) {
  static thread_local llmx::Kept own, other;
  for (int r = 0; r < rows; r++) {
    const float* z = p + at[r] * p_stride;
    if (sampler->temperature == 0) {
      llmx::Best best = llmx::best_of(z, sampler->vocab);
      for (int i = 0; i < 3; i++) out[3 * r + i] = best.at;
      lead[r] = best.lead;
      continue;
    }
    own.from(z, *sampler);
    if (q_at && q_at[r] >= 0) {
      float of = weight ? weight[r] : 1.0f, level = llmx::highest(z, sampler->vocab) + slack;
      auto kept = [&](int64_t i) { return slack < INFINITY && z[i] >= level; };
      if (one_hot) {
        own.subtract(of, [&](int64_t i) { return i == token[r] && !kept(i) ? 1.0f : 0.0f; });
      } else {
        other.from(q + q_at[r] * q_stride, *sampler);
        own.subtract(of, [&](int64_t i) { return kept(i) ? 0.0f : other.chance(i); });
      }
    }
    for (int i = 0; i < 3; i++) out[3 * r + i] = own.draw(u[3 * r + i]);
  }
}

}  // extern "C"
