"""What a fit hangs on: deletions, leverage, Cook's distances."""
