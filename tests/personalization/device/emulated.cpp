// The sources that nvcc compiles, against the stand-in for the CUDA runtime.
#include "foundation_on_device.cu"
#include "towers_on_device.cu"
