// A Llama forward in float32 over a cache of slots: a token's logits depend on its row alone.
#pragma once
#include <cstdint>

extern "C" {

// A model's shape and its weights, as llmx/engines/native/weights.py lays them out.
struct LlmxModel {
  int32_t layers, hidden, heads, kv_heads, head_dim, intermediate, vocab;
  float floor;           // hidden * eps: what is added to the square of a row's norm
  const float* embed;    // (vocab, padded hidden)
  const float* head;     // panels: hidden -> vocab
  const float* const* weights;  // five a layer, panels: qkv, out, gate, up, down
  const float* rotation;        // (positions, head_dim): cos and sin by turns
};

// Keys in blocks of 16 slots, (layers, rows, kv heads, capacity / 16, head_dim, 16), and values,
// (layers, rows, kv heads, capacity, padded head_dim).
struct LlmxCache {
  float *keys, *values;
  int64_t rows, capacity;
};

// Write `width` tokens of each row from its slot `start` on.
//   row: which row of the cache; NULL = 0, 1, 2, …
//   wanted: of each row the one column whose logits are wanted, (rows); NULL = all of them.
//   logits: (rows, width or 1, padded vocab); NULL = none.
void llmx_forward(const LlmxModel* model, int rows, int width, const int64_t* tokens,
                  const int64_t* start, const int64_t* row, LlmxCache* cache,
                  const int64_t* wanted, float* logits);
}
