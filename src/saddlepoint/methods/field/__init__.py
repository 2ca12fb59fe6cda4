"""Fields: functions of place that a network learns, of images and of shapes."""
