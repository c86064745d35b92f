"""A Llama forward in C++ whose bits depend on a row alone, compiled at first use."""
