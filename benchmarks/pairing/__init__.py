"""Side by side: environments, processes, results, and the page that shows them."""
