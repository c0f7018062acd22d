"""What is drawn with: canvas, colours, text, skeleton."""
