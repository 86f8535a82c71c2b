package import KubeChainsBytes

/// The chance of a `statistic --mode random` rule as text gives it and as the kernel keeps it: a multiple of 2⁻³¹.
package struct Probability: Sendable, Hashable {
    /// Ten decimals of the chance, as an integer: what `%0.10f` prints without its point.
    private let tenDecimals: UInt64

    /// One in `count`.
    ///
    /// The decimals are those of the IEEE double nearest to 1/count, rounded half to even, as C's and Go's `%.10f` have
    /// them; integers alone would differ where 1/count ends in a 5 at the eleventh decimal, as for 2048.
    ///
    /// - Parameter count: at least 1.
    package init(oneIn count: Int) {
        let value = 1 / Double(count)
        // value = significand × 2^-shift, exactly.
        let significand = UInt128(value.significandBitPattern | 1 << 52)
        let shift = 52 - Int(value.exponent)
        tenDecimals = UInt64(roundedHalfToEven(significand * 10_000_000_000, shiftedRight: shift))
    }

    /// The chance in the kernel's steps of 2⁻³¹, once iptables has read the ten decimals.
    package var kernelSteps: UInt32 {
        UInt32((UInt128(tenDecimals) << 31 + 5_000_000_000) / 10_000_000_000)
    }

    /// Appends the chance with ten decimals, as kube-proxy writes it.
    package func write(to text: inout TextWriter) {
        text.append(decimal: tenDecimals / 10_000_000_000)
        text.append(UInt8(ascii: "."))
        text.append(decimal: tenDecimals % 10_000_000_000, width: 10)
    }

    /// Appends the chance as iptables-save prints it: rounded to the kernel's 2⁻³¹, with eleven decimals.
    package func writeSaved(to text: inout TextWriter) {
        let decimals = UInt64(roundedHalfToEven(UInt128(kernelSteps) * 100_000_000_000, shiftedRight: 31))
        text.append(decimal: decimals / 100_000_000_000)
        text.append(UInt8(ascii: "."))
        text.append(decimal: decimals % 100_000_000_000, width: 11)
    }
}

func roundedHalfToEven(_ value: UInt128, shiftedRight shift: Int) -> UInt128 {
    let quotient = value >> UInt128(shift)
    let rest = value - quotient << UInt128(shift)
    let half: UInt128 = 1 << UInt128(shift - 1)
    return rest > half || rest == half && quotient % 2 == 1 ? quotient + 1 : quotient
}
