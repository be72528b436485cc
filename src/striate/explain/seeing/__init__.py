"""What the network sees: filters, maps, fields, patches, and pictures made for a unit."""
