/** The lengths of three axes, and the strides, in elements, by which two arrays a and b are walked along them. TypeScript writes it. */
@unmanaged
export class Axes {
  n0: i32
  n1: i32
  n2: i32
  a0: i32
  a1: i32
  a2: i32
  b0: i32
  b1: i32
  b2: i32
}
