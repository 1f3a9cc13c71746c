//! Pseudo-random bytes that can be made twice, so that nothing is remembered to be compared.

/// The bytes of xorshift64 from this seed on.
pub struct Pattern {
    state: u64,
    word: [u8; 8],
    used: usize,
}

impl Pattern {
    pub fn new(seed: u64) -> Self {
        // Never zero, and neighbouring seeds differ from the first byte on.
        let state = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self { state, word: [0; 8], used: 8 }
    }

    fn next_word(&mut self) -> [u8; 8] {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state.to_le_bytes()
    }

    pub fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            if self.used == 8 {
                self.word = self.next_word();
                self.used = 0;
            }
            *byte = self.word[self.used];
            self.used += 1;
        }
    }

    /// Whether these are the next bytes of the pattern.
    pub fn matches(&mut self, data: &[u8]) -> bool {
        let mut expected = vec![0; data.len()];
        self.fill(&mut expected);
        expected == data
    }
}
