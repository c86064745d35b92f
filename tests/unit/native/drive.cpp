// Calls all four functions with random shapes and exact allocations, for sanitizers to watch.
#include <cassert>
#include <cstdio>
#include <memory>
#include <random>

#include "native.cpp"

namespace {

std::mt19937 source(7);

int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(source); }

// Memory of exactly `size` values: one step past its end is seen.
template <class T> std::unique_ptr<T[]> room(int64_t size) { return std::make_unique<T[]>(size); }

std::unique_ptr<float[]> noise(int64_t size, float scale = 0.5f) {
  auto found = room<float>(size);
  std::normal_distribution<float> normal(0, scale);
  for (int64_t i = 0; i < size; i++) found[i] = normal(source);
  return found;
}

std::unique_ptr<float[]> uniforms(int64_t size) {
  auto found = room<float>(size);
  for (int64_t i = 0; i < size; i++) found[i] = (float)pick(0, 99) / 100.0f;
  return found;
}

std::unique_ptr<int64_t[]> whole(int64_t size, int low, int high) {
  auto found = room<int64_t>(size);
  for (int64_t i = 0; i < size; i++) found[i] = pick(low, high);
  return found;
}

int64_t up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

struct Model {
  LlmxModel m{};
  std::vector<std::unique_ptr<float[]>> held;
  std::vector<const float*> weights;
  float* keep(int64_t size) {
    held.push_back(noise(size));
    return held.back().get();
  }
  float* panels(int in, int out) { return keep(up(out, 32) * in); }
  Model(int vocab, int positions) {
    m.layers = pick(1, 2), m.hidden = pick(1, 70), m.kv_heads = pick(1, 2);
    m.heads = m.kv_heads * pick(1, 3), m.head_dim = 2 * pick(1, 36);
    m.intermediate = pick(1, 70), m.vocab = vocab, m.floor = 1e-4f;
    m.embed = keep(vocab * up(m.hidden, 32));
    m.head = panels(m.hidden, vocab);
    m.rotation = keep((int64_t)positions * m.head_dim);
    int own = m.heads * m.head_dim, all = own + 2 * m.kv_heads * m.head_dim;
    for (int layer = 0; layer < m.layers; layer++)
      for (float* w : {panels(m.hidden, all), panels(own, m.hidden),
                       panels(m.hidden, m.intermediate), panels(m.hidden, m.intermediate),
                       panels(m.intermediate, m.hidden)})
        weights.push_back(w);
    m.weights = weights.data();
  }
};

struct Cache {
  std::unique_ptr<float[]> keys, values;
  LlmxCache c;
  Cache(const LlmxModel& m, int rows, int64_t capacity)
      : keys(room<float>(m.layers * rows * m.kv_heads * capacity * m.head_dim)),
        values(room<float>(m.layers * rows * m.kv_heads * capacity * up(m.head_dim, 16))),
        c{keys.get(), values.get(), rows, capacity} {}
};

void forwards(int vocab) {
  int64_t capacity = 16 * pick(1, 6);
  Model model(vocab, (int)capacity);
  int rows = pick(1, 5), width = pick(1, 9), beside = pick(0, 2);
  Cache cache(model.m, rows + beside, capacity);
  auto row = whole(rows, 0, 0), start = whole(rows, 0, (int)capacity - width);
  for (int r = 0; r < rows; r++) row[r] = r + beside;
  start[0] = capacity - width;  // the cache is full to its last slot
  auto tokens = whole(rows * width, 0, vocab - 1), wanted = whole(rows, 0, width - 1);
  auto all = room<float>((int64_t)rows * width * up(vocab, 32));
  auto one = room<float>((int64_t)rows * up(vocab, 32));
  llmx_forward(&model.m, rows, width, tokens.get(), start.get(), row.get(), &cache.c, nullptr,
               all.get());
  llmx_forward(&model.m, rows, width, tokens.get(), start.get(), nullptr, &cache.c, wanted.get(),
               one.get());
  llmx_forward(&model.m, rows, width, tokens.get(), start.get(), row.get(), &cache.c, nullptr,
               nullptr);
}

LlmxSampler sampler(int vocab) {
  const float hot[] = {0.0f, 0.6f, 3.0f}, mass[] = {1.0f, 0.9f, 0.999f, 1e-5f};
  return {vocab, pick(0, 1) * pick(1, vocab + 2), hot[pick(0, 2)], mass[pick(0, 3)]};
}

void drafts(int vocab) {
  int rows = pick(1, 4), width = pick(1, 6);
  int64_t capacity = 16, stride = up(vocab, 32);
  Model model(vocab, (int)capacity);
  Cache cache(model.m, rows, capacity);
  auto pair = whole(2 * rows, 0, vocab - 1), last = whole(rows, 0, 1), row = whole(rows, 0, 0);
  auto begin = whole(rows, 0, (int)capacity - width - 1), most = whole(rows, 0, width + 2);
  for (int r = 0; r < rows; r++) row[r] = rows - 1 - r;
  auto u = uniforms(3 * rows * width);
  auto logits = room<float>(rows * width * stride), lead = room<float>(rows * width);
  auto tokens = room<int64_t>(rows * width), bands = room<int64_t>(3 * rows * width);
  auto sure = room<float>(rows * width);
  LlmxSampler s = sampler(pick(1, vocab));
  llmx_draft(&model.m, &s, rows, width, pair.get(), begin.get(), last.get(), most.get(), row.get(),
             &cache.c, u.get(), s.temperature == 0 || pick(0, 1), pick(0, 1) * 0.4f, pick(0, 1),
             logits.get(), tokens.get(), bands.get(), lead.get(), sure.get());
  for (int i = 0; i < rows * width; i++) assert(tokens[i] >= 0 && tokens[i] < vocab);
}

std::unique_ptr<float[]> logits_of(int64_t size) {
  const float scales[] = {0.0f, 0.01f, 2.0f, 90.0f};
  auto found = noise(size, scales[pick(0, 3)]);
  for (int64_t i = 0; i < size; i++) {
    if (!pick(0, 7)) found[i] = -INFINITY;
    if (!pick(0, 9999)) found[i] = NAN;
  }
  return found;
}

void judgements(int vocab) {
  int rows = pick(1, 4), width = pick(1, 4), n = rows * width;
  auto p = logits_of((int64_t)rows * (width + 1) * vocab), q = logits_of((int64_t)n * vocab);
  auto tokens = whole(n, 0, vocab - 1), valid = whole(rows, 0, width);
  auto u = uniforms(n);
  auto limit = room<double>(n);
  auto d = room<float>(n), chance = room<float>(n), pc = room<float>(n), qc = room<float>(n);
  auto lead = room<float>(n), aside = room<float>(2 * n), weight = uniforms(rows);
  auto best = room<int64_t>(n);
  LlmxSampler s = sampler(vocab);
  // What warped numbers are read for is read above temperature 0 alone.
  bool warm = s.temperature > 0;
  int beside = warm ? pick(NOTHING, LEVEL) : NOTHING;
  LlmxRule rule{pick(-1, 5), warm && (beside == LEFT || pick(0, 1)), pick(0, 1), pick(0, 1), beside,
                pick(0, 1),  pick(0, 1) * 0.1f, pick(-3, 0) * 0.5f};
  llmx_compare(&rule, &s, rows, width, p.get(), vocab, q.get(), vocab, tokens.get(), valid.get(),
               u.get(), limit.get(), d.get(), chance.get(), pc.get(), qc.get(), lead.get(),
               best.get(), aside.get());
  auto at = room<int64_t>(rows), q_at = whole(rows, -1, n - 1), out = room<int64_t>(3 * rows);
  for (int r = 0; r < rows; r++) at[r] = r * (width + 1) + pick(0, width);
  auto draws = uniforms(3 * rows);
  auto far = room<float>(rows);
  for (bool rejected : {true, false})
    llmx_follow(&s, rows, p.get(), vocab, at.get(), q.get(), vocab, rejected ? q_at.get() : nullptr,
                tokens.get(), pick(0, 1), pick(0, 1) ? weight.get() : nullptr,
                pick(0, 1) ? INFINITY : pick(-3, 0) * 0.5f, draws.get(), out.get(), far.get());
  for (int i = 0; i < 3 * rows; i++) assert(out[i] >= 0 && out[i] < vocab);
}

}  // namespace

int main() {
  for (int round = 0; round < 40; round++) {
    int vocab = round < 6 ? 1 : pick(2, 90);
    forwards(vocab);
    drafts(vocab);
    for (int more = 0; more < 6; more++) judgements(more ? vocab : pick(600, 2000));
  }
  std::puts("done");
}
