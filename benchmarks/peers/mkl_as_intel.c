/* Intel's MKL, inside the wheels of torch, takes its AVX2 code on AMD processors. With this one symbol preloaded it
   takes its AVX-512 code there: f32 products nearly twice as fast. No effect on others. A comparison without it would
   flatter us. */
int mkl_serv_intel_cpu_true(void) { return 1; }
