// One product alone: scripts/bench asks what a processor reaches at the shapes of a model.
#include "product.h"

extern "C" {

// y = x @ w. x (rows, in); w: panels of a weight, as weights.py lays them out; y (rows, panels * 32).
void llmx_product(int rows, const float* x, int in, const float* w, int panels, float* y) {
  llmx::product<llmx::Then::store>(rows, x, in, w, in, panels, y, (int64_t)panels * llmx::PANEL);
}

}  // extern "C"
