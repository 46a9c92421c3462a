"use strict";
// What the page says, by language.
const WORDS = {
  en: {
    ask: "Ask", entails: "Entails", emotion: "Emotion", graph: "Graph", language: "Language", key: "Key", send: "Answer",
    question: "Question", options: "Options, one a line; none for an open question", premise: "Premise", hypothesis: "Hypothesis",
    text: "Text", context: "A text to read with it", evidence: "Evidence",
    switch: "Take a tick away, or add an edge: the answer is computed anew as if the graph were so.",
    add: "Add edge", source: "concept", relation: "relation", target: "concept", gate: "the graph counts",
    alone: "by the text alone", same: "The text alone chooses the same", other: "The text alone chooses", abstained: "The graph does not seem to hold an answer",
    sentences: "What was read most", turns: "the mood turns here", concepts: "What the graph knows of its words", origin: "origin", weight: "weight",
    unanswered: "No answer", added: "added",
  },
  zh: {
    ask: "提问", entails: "蕴含", emotion: "情感", graph: "图谱", language: "语言", key: "密钥", send: "回答",
    question: "问题", options: "选项，每行一个；没有选项则为开放问题", premise: "前提", hypothesis: "假设",
    text: "文本", context: "一并阅读的长文", evidence: "证据",
    switch: "取消勾选或添加一条边，答案会随之重新计算。",
    add: "添加边", source: "概念", relation: "关系", target: "概念", gate: "图谱所占",
    alone: "仅凭文本", same: "仅凭文本的选择相同", other: "仅凭文本会选", abstained: "图谱中似乎没有答案",
    sentences: "读得最多的句子", turns: "情绪由此转变", concepts: "图谱对词语的了解", origin: "来源", weight: "权重",
    unanswered: "没有答案", added: "已添加",
  },
};
