"""The performer's body: posture, bones, flesh and clothes."""
