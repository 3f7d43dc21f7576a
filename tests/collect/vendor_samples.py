"""Hand-written records in the shapes of scrapers, trackers and Bing's export, with their traps."""

from tests.collect.log_samples import REDIRECT, A, B, C

BING = {
    "Grounding Query": "cargo bike puncture kit",
    "Intent": "",
    "Topic": "",
    "Citations": "764",
    "Citation Share": "24.49%",
}
BING_PAGES = {"Page": A, "Citations": "12"}
BING_DAYS = {"Date": "9/5/2026 12:00:00 AM", "Citations": "7", "Cited Pages": "3"}
BING_FILTERED = {"Date": "9/5/2026 12:00:00 AM", "Citations": "7"}

# A scraped chat: its words come whole and in blocks, one block has a source of its own.
DATAFORSEO_SCRAPE = {
    "id": "t-1",
    "status_code": 20000,
    "status_message": "Ok.",
    "path": ["v3", "ai_optimization", "chat_gpt", "llm_scraper", "live", "advanced"],
    "data": {
        "api": "ai_optimization",
        "function": "llm_scraper",
        "se": "chat_gpt",
        "keyword": "best crm",
        "location_code": 2826,
    },
    "result": [
        {
            "keyword": "best crm",
            "model": "gpt-5",
            "datetime": "2026-08-03 10:00:00 +00:00",
            "markdown": "Acme leads.\n\n| Beta | 9 |",
            "search_results": [{"url": A, "title": "A"}, {"url": C, "title": "C"}],
            "sources": [{"url": f"{A}?utm_source=chatgpt.com", "title": "A"}],
            "fan_out_queries": ["crm 2026 test", "best crm"],
            "brand_entities": [{"title": "Acme"}, {"title": "Beta"}],
            "items": [
                {
                    "type": "chat_gpt_text",
                    "markdown": "Acme leads.",
                    "sources": [{"url": A, "title": "A"}],
                },
                {
                    "type": "chat_gpt_table",
                    "markdown": "| Beta | 9 |",
                    "sources": [{"url": f"{B}?utm_source=chatgpt.com"}],
                },
            ],
        }
    ],
}
# A model's response: thoughts are no answer, and Google's redirect has the domain in its title.
DATAFORSEO_RESPONSE = {
    "id": "t-2",
    "status_code": 20000,
    "path": ["v3", "ai_optimization", "gemini", "llm_responses", "live"],
    "data": {"api": "ai_optimization", "function": "llm_responses", "user_prompt": "crm for smb?"},
    "result": [
        {
            "model_name": "gemini-2.5-flash",
            "datetime": "2026-08-03 11:00:00 +00:00",
            "items": [
                {"type": "reasoning", "sections": [{"type": "summary_text", "text": "Think."}]},
                {
                    "type": "message",
                    "sections": [
                        {
                            "type": "text",
                            "text": "Acme fits.",
                            "annotations": [{"title": "a.com", "url": f"{REDIRECT}xyz"}],
                        },
                        {
                            "type": "text",
                            "text": "So does Beta.",
                            "annotations": [
                                {"title": "b.com", "url": f"{REDIRECT}q", "direct_url": B}
                            ],
                        },
                    ],
                },
            ],
            "fan_out_queries": ["crm smb"],
        }
    ],
}
DATAFORSEO_OVERVIEW = {
    "id": "t-3",
    "status_code": 20000,
    "path": ["v3", "serp", "google", "organic", "live", "advanced"],
    "data": {"api": "serp", "se": "google", "se_type": "organic", "keyword": "crm price"},
    "result": [
        {
            "keyword": "crm price",
            "datetime": "2026-08-03 12:00:00 +00:00",
            "items": [
                {"type": "organic", "url": C, "title": "C", "description": "no answer"},
                {
                    "type": "ai_overview",
                    "markdown": "Acme costs 9. [[1]](https://a.com/x)\n\nBeta is free.",
                    "items": [
                        {
                            "type": "ai_overview_element",
                            "text": "Acme costs 9.",
                            "markdown": "Acme costs 9. [[1]](https://a.com/x)",
                            "references": [{"domain": "a.com", "url": A, "title": "A"}],
                        },
                        {
                            "type": "ai_overview_element",
                            "text": "Beta is free.",
                            "references": None,
                        },
                    ],
                    "references": [
                        {"domain": "a.com", "url": A, "title": "A"},
                        {"domain": "b.com", "url": B, "title": "B"},
                    ],
                },
            ],
        }
    ],
}
DATAFORSEO = {
    "version": "0.1.20260801",
    "status_code": 20000,
    "status_message": "Ok.",
    "tasks_count": 3,
    "tasks": [DATAFORSEO_SCRAPE, DATAFORSEO_RESPONSE, DATAFORSEO_OVERVIEW],
}
SERPAPI = {
    "search_metadata": {
        "id": "s-1",
        "status": "Success",
        "created_at": "2026-08-03 10:00:00 UTC",
    },
    "search_parameters": {"engine": "google_ai_mode", "q": "best crm", "gl": "gb"},
    "text_blocks": [
        {"type": "paragraph", "snippet": "Acme leads.", "reference_indexes": [1]},
        {
            "type": "list",
            "list": [
                {"title": "Beta", "snippet": "is free", "reference_indexes": [0, 7]},
                {"snippet": "Gamma", "list": [{"snippet": "is slow", "reference_indexes": [1]}]},
            ],
        },
    ],
    # The index, not the order, says which reference a block means.
    "references": [
        {"title": "A", "link": f"{A}?utm_source=google", "source": "A", "index": 1},
        {"title": "B", "link": B, "source": "B", "index": 0},
        {"title": "C", "link": C, "source": "C", "index": 2},
    ],
    "reconstructed_markdown": "Acme leads.\n\n- Beta",
}
BRIGHT_DATA = {
    "url": "https://chatgpt.com/?q=best%20crm",
    "prompt": "best crm",
    "answer_text": "Acme leads.",
    "answer_text_markdown": "**Acme** leads.",
    "answer_html": "<div>Acme leads.</div>",
    "model": "gpt-5",
    "web_search_triggered": True,
    "web_search_query": ["crm 2026"],
    "citations": [
        {"title": "A", "url": f"{A}?utm_source=chatgpt.com", "position": 1, "cited": True},
        {"title": "C", "url": C, "position": 2, "cited": False},
    ],
    "search_sources": [{"url": A, "title": "A"}, {"url": "https://d.com/w", "title": "D"}],
    "links_attached": [{"url": B, "text": "Beta", "position": 0}],
    "country": "GB",
    "timestamp": "2026-08-03T10:00:00.000Z",
    "error": None,
    "error_code": None,
    "input": {"url": "https://chatgpt.com/", "prompt": "best crm"},
}
BRIGHT_DATA_WALL = {
    "timestamp": "2026-09-05T10:00:00.000Z",
    "input": {"url": "https://www.perplexity.ai", "prompt": "best crm", "country": "US"},
    "error": "Auth wall: sign-up prompt detected",
    "error_code": "crawl_failed",
}
CLORO = {
    "request": {"prompt": "best crm", "country": "US", "model": "CHATGPT"},
    "response": {
        "success": True,
        "result": {
            "text": "Acme leads.",
            "markdown": "**Acme** leads.",
            "sources": [{"position": 1, "url": f"{A}?utm_source=chatgpt.com", "label": "A page"}],
            "searchQueries": ["crm 2026"],
            "shoppingCards": [],
        },
    },
}
OXYLABS = {
    "results": [
        {
            "content": {
                "prompt": "best crm",
                "llm_model": "gpt-5",
                "response_text": "Acme leads.",
                "markdown_text": "**Acme** leads.",
                "citations": [{"url": A, "text": "A page"}],
                "links": [{"url": B, "text": "Beta"}],
                "parse_status_code": 12000,
            },
            "created_at": "2026-08-03 10:00:00",
            "job_id": "7",
            "page": 1,
            "url": "https://chatgpt.com/",
            "status_code": 200,
        }
    ],
    "job": {"id": "7", "source": "chatgpt", "status": "done"},
}
SCRAPELESS = {
    "actor": "scraper.gemini",
    "input": {"prompt": "best crm", "country": "US"},
    "status": "success",
    "task_id": "k-1",
    "task_result": {
        "result_text": "Acme leads.",
        "citations": [{"url": A, "title": "A"}],
        "search_result": [{"url": B, "title": "B"}],
    },
}
PEEC = {
    "id": "ch_1",
    "prompt": {"id": "pr_1"},
    "messages": [
        {"role": "user", "content": "best crm"},
        {"role": "assistant", "content": "Acme leads."},
    ],
    "brands_mentioned": [{"id": "br_1", "name": "Acme", "position": 1}],
    "sources": [
        {"url": B, "domain": "b.com", "citationCount": 1, "citationPosition": 2},
        {"url": C, "domain": "c.com", "citationCount": 0, "citationPosition": None},
        {
            "url": f"{A}?utm_source=openai",
            "domain": "a.com",
            "citationCount": 3,
            "citationPosition": 1,
        },
    ],
    "queries": ["crm 2026"],
    "products": [],
    "model": {"id": "chatgpt-scraper"},
    "model_channel": {"id": "openai-0"},
}
PEEC_CHAT = {
    "id": "ch_1",
    "prompt": {"id": "pr_1"},
    "model": {"id": "chatgpt-scraper"},
    "model_channel": {"id": "openai-0"},
    "date": "2026-08-03",
}
PEEC_PROMPT = {
    "id": "pr_1",
    "messages": [{"content": "which crm is best?"}],
    "user_location": {"country": "GB"},
    "tags": [],
    "volume": 3,
}
SAMPLES = (
    *(BING, BING_PAGES, BING_DAYS, BING_FILTERED),
    *(DATAFORSEO, DATAFORSEO_RESPONSE, DATAFORSEO_OVERVIEW["result"][0], SERPAPI),
    *(BRIGHT_DATA, BRIGHT_DATA_WALL, CLORO, OXYLABS, SCRAPELESS),
    *(PEEC, PEEC_CHAT, PEEC_PROMPT),
)
