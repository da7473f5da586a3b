"""The frame: settings, URLs, workers, error pages and request helpers. Knows no business."""
