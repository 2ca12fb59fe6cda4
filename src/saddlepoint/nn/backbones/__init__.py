"""Networks whose published weights other rooms measure or teach with, and where their weight files come from."""
